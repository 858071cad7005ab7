"""What the harness's own test found, in words."""

from __future__ import annotations

from parity.model.phrases import title
from parity.model.result import SelfTest
from parity.report.view import ScoreView
from parity.report.words import count, visible

__all__ = ["score_views", "selftest_ok", "selftest_text"]


def selftest_text(selftest: SelfTest) -> str:
    """How many of the seeded faults were found, and how many attributed right."""
    if not selftest.injected:
        return "No faults were seeded in this run."
    found = f"{selftest.detected:,} of {count(selftest.injected, 'seeded fault')} found"
    parts = [found, f"{selftest.attributed:,} attributed right"]
    if selftest.wrong:
        parts.append(f"{selftest.wrong:,} blamed on a wrong cause")
    left = sum(map(_unexplained, score_views(selftest)))
    if left:
        parts.append(f"{left:,} left unexplained")
    return f"{', '.join(parts)}."


def selftest_ok(selftest: SelfTest) -> bool | None:
    """True when every fault was found and none blamed on a wrong cause; None without faults."""
    if not selftest.injected:
        return None
    return selftest.detected == selftest.injected and not selftest.wrong


def score_views(selftest: SelfTest) -> tuple[ScoreView, ...]:
    """One line for each cause, what went wrong first."""
    views = [
        ScoreView(
            cause=visible(title(score.cause)),
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
