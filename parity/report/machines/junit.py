"""A night as JUnit XML, as GitLab, Jenkins and GitHub's reporters read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from parity.report.machines.cases import Case, Outcome, Suite, suites
from parity.report.machines.lines import clipped
from parity.report.view import NightView

__all__ = ["junit"]

_LONGEST = 1_000  # characters of a line
# What XML 1.0 cannot hold, not even escaped; the characters that `visible` writes out aside.
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(view: NightView, link: str = "") -> bytes:
    """The XML in UTF-8: one suite for the night, one for each dataset.

    A check that fails is a failure; one that is undecided is an error, never passed or skipped.

    Args:
        view: the night.
        link: where its page can be opened; empty: nowhere.
    """
    found = suites(view)
    root = Element("testsuites", _named("parity", [c for suite in found for c in suite.cases]))
    for suite in found:
        _suite(root, suite, view, link if suite is found[0] else "")
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: Element, suite: Suite, view: NightView, link: str) -> None:
    made = SubElement(root, "testsuite", _named(suite.name, suite.cases))
    if view.as_of_utc:
        moment = datetime.fromisoformat(view.as_of_utc.removesuffix(" UTC"))
        made.set("timestamp", moment.isoformat(timespec="seconds"))
    if suite.owner == "night":
        known = {"run": view.run_id, "phase": view.phase, "session": view.session, "report": link}
        properties = SubElement(made, "properties")
        for name, value in known.items():
            if value:
                SubElement(properties, "property", name=name, value=_legal(value))
    for case in suite.cases:
        _case(made, case, f"{view.migration}.{suite.owner}")


def _case(suite: Element, case: Case, owner: str) -> None:
    made = SubElement(suite, "testcase", classname=_legal(owner), name=_legal(case.name))
    if case.seconds is not None:
        made.set("time", f"{case.seconds:.3f}")
    if case.outcome is not Outcome.PASSED:
        tag = "failure" if case.outcome is Outcome.FAILED else "error"
        why = SubElement(made, tag, type=case.outcome.value, message=_legal(case.says))
        why.text = _block((case.says, *case.lines))
    if case.out and (case.outcome is Outcome.PASSED or case.out != (case.says,)):
        SubElement(made, "system-out").text = _block(case.out)


def _named(name: str, cases: Iterable[Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "name": _legal(name),
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.FAILED)),
        "errors": str(outcomes.count(Outcome.UNDECIDED)),
        "skipped": "0",
    }


def _block(lines: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(map(_legal, lines)))


def _legal(text: str) -> str:
    return _ILLEGAL.sub(
        lambda found: found[0].encode("unicode_escape").decode("ascii"), clipped(text, _LONGEST)
    )
