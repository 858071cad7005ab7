"""Statements that a reader of the report may copy and run."""

from __future__ import annotations

from parity.report.sql.queries import BothSides, both_sides, key_tests, literal

__all__ = ["BothSides", "both_sides", "key_tests", "literal"]
