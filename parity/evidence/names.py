"""What is in the folder of a run's evidence, `<state>/evidence/<run_id>/`, and under what name."""

from __future__ import annotations

import re

__all__ = [
    "CONFIG",
    "GATE",
    "MANIFEST",
    "PAGE",
    "PICTURES",
    "RESULT",
    "VERSIONS",
    "WAIVERS",
    "is_of_harness",
    "is_run_id",
    "is_sealed_anew",
    "log_name",
    "rows_name",
]

MANIFEST = "manifest.json"  # the sums of all others
RESULT = "result.json"
PAGE = "index.html"  # the report as it was published that night
CONFIG = "parity.yaml"
WAIVERS = "waivers.yaml"
VERSIONS = "versions.json"
PICTURES = "pictures.json"  # what charts are drawn from; there before the seal
GATE = "gate.json"  # how the gate stood after the night; there before the seal
_FIXED = frozenset({MANIFEST, RESULT, PAGE, CONFIG, WAIVERS, VERSIONS})
_LOG = re.compile(r"job-.+\.log")
_PART = re.compile(r"\..+\.part")
_QUALITY = re.compile(r"quality-.+\.html")  # the data docs; there before the seal


def log_name(job: str) -> str:
    """The log of a job."""
    return f"job-{job}.log"


def rows_name(dataset: str) -> str:
    """All discrepancies of a dataset."""
    return f"{dataset}.parquet"


def is_sealed_anew(name: str) -> bool:
    """True of what a seal writes; the rows of a dataset are there before."""
    return name in _FIXED or bool(_LOG.fullmatch(name) or _PART.fullmatch(name))


def is_of_harness(name: str) -> bool:
    """True of every name that the harness gives; what else lies there is somebody else's."""
    kept = name in (PICTURES, GATE) or name.endswith(".parquet") or _QUALITY.fullmatch(name)
    return is_sealed_anew(name) or bool(kept)


def is_run_id(text: object, migration: str) -> bool:
    """True of `<migration>.<session>.<number>`; nothing else is ever taken for a folder."""
    form = re.escape(migration) + r"\.\d{4}-\d\d-\d\d\.\d+"
    return isinstance(text, str) and re.fullmatch(form, text) is not None
