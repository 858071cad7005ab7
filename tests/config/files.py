"""A parity.yaml written for a test."""

from __future__ import annotations

from pathlib import Path

from parity.config import load
from parity.model.suite import Suite


def load_text(folder: Path, text: str) -> Suite:
    file = folder / "parity.yaml"
    file.write_text(text)
    return load(file)
