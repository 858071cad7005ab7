"""The last look at each text before it becomes part of a page.

Views write their texts with `words.visible`; whatever one forgot is caught here, so that no
character reaches a page that cannot be seen, and none that moves its neighbours. Markup itself
is escaped by Jinja, after this.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from parity.report.words import LONGEST, visible

__all__ = ["harmless"]

# A cut text of `visible` may be ten times as long: each of its characters an escape.
_MOST = 12 * LONGEST
_LINES = re.compile(r"([\n\t]+)")
# What is written from right to left.
_LEFTWARDS = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]+"
_RUN = re.compile(f"{_LEFTWARDS}(?: {_LEFTWARDS})*")
_ISOLATED = "\u2068{}\u2069"  # first strong isolate … pop directional isolate


def harmless(value: object) -> object:
    """What a template is to print for a value: all but text as it is.

    Control and format characters are written out; lines and tabs stay. What is written from right
    to left is isolated, so that the numbers around it keep their order.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.isascii() and value.isprintable() and len(value) <= _MOST:
        return value
    parts = _LINES.split(value if len(value) <= _MOST else visible(value, most=_MOST))
    told = "".join(part if _LINES.fullmatch(part) else visible(part, most=None) for part in parts)
    return told if told.isascii() else _RUN.sub(lambda run: _ISOLATED.format(run[0]), told)
