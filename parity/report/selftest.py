"""What the harness's own test found, in words."""

from __future__ import annotations

from collections.abc import Sequence

from parity.model.phrases import title, with_code
from parity.model.selftest import SelfTest
from parity.report.commands import quoted
from parity.report.view import ScoreView
from parity.report.words import count, visible

__all__ = ["again", "bad_lines", "score_views", "selftest_ok", "selftest_text"]

_LINES = 5  # of the faults that went wrong in one way; the others are counted


def again(seed: str, *options: str) -> str:
    """The command that seeds the same faults: `parity selftest --seed "toy 2005-02-28"`."""
    return " ".join(["parity selftest", *map(visible, options), f"--seed {quoted(seed)}"])


def bad_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """The first lines about faults that went wrong; the others are counted."""
    rest = len(lines) - _LINES
    shown = [visible(line) for line in lines[:_LINES]]
    return (*shown, f"and {rest:,} more") if rest > 0 else tuple(shown)


def selftest_text(selftest: SelfTest) -> str:
    """How many of the seeded faults were found, and how many attributed right."""
    if not selftest.injected:
        return "No faults were seeded in this run."
    found = f"{selftest.detected:,} of {count(selftest.injected, 'seeded fault')} found"
    parts = [found, f"{selftest.attributed:,} attributed right"]
    if selftest.wrong:
        parts.append(f"{selftest.wrong:,} given a wrong cause")
    left = sum(map(_unexplained, score_views(selftest)))
    if left:
        parts.append(f"{left:,} found but not named")
    return f"{', '.join(parts)}."


def selftest_ok(selftest: SelfTest) -> bool | None:
    """True when every fault was found and none given a wrong cause; None without faults."""
    if not selftest.injected:
        return None
    return selftest.detected == selftest.injected and not selftest.wrong


def score_views(selftest: SelfTest) -> tuple[ScoreView, ...]:
    """One line for each cause, what went wrong first."""
    views = [
        ScoreView(
            cause=visible(with_code(title(score.cause), score.cause)),
            injected=score.injected,
            detected=score.detected,
            right=score.right,
            unexplained=max(0, score.detected - score.right - score.wrong),
            wrong=score.wrong,
            fine=score.detected == score.injected and not score.wrong,
        )
        for score in selftest.causes
    ]
    return tuple(sorted(views, key=lambda view: (view.fine, not view.unexplained)))


def _unexplained(view: ScoreView) -> int:
    return view.unexplained
