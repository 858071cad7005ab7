"""The published JSON Schemas of what parity writes."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["SCHEMAS", "schema_text"]

SCHEMAS = ("result", "checklist")


def schema_text(name: str) -> str:
    """The text of one of `SCHEMAS`, JSON Schema 2020-12."""
    return files(__package__).joinpath(f"{name}.schema.json").read_text(encoding="utf-8")
