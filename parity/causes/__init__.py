"""From discrepancies to incidents with a proved cause."""

from __future__ import annotations

from parity.causes.context import Calendar, Context, Extent, Revision, Series
from parity.causes.engine import explain
from parity.causes.fields import Field, Role, role_of
from parity.causes.folding import Fold
from parity.causes.frame import NO_TIME, STATES, Differences, Rows, Values
from parity.causes.rule import Changed, Hypothesis, Moved, Rule, Shown, all_rules

__all__ = [
    "NO_TIME",
    "STATES",
    "Calendar",
    "Changed",
    "Context",
    "Differences",
    "Extent",
    "Field",
    "Fold",
    "Hypothesis",
    "Moved",
    "Revision",
    "Role",
    "Rows",
    "Rule",
    "Series",
    "Shown",
    "Values",
    "all_rules",
    "explain",
    "role_of",
]
