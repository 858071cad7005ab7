"""Names of files that more than one room must know."""

from __future__ import annotations

import hashlib
import re

from parity.model.verdict import Side

__all__ = ["file_slug", "quality_anchor", "quality_page"]

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


def file_slug(name: str) -> str:
    """A name as part of a file's name; one that is not safe as it is gets a digest after it."""
    if _PLAIN.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return f"{slug.rstrip('-')}-{digest}".lstrip("-")


def quality_page(dataset: str, side: Side) -> str:
    """`quality-<dataset>-<side>.html`: what Great Expectations said of one side's rows."""
    return f"quality-{file_slug(dataset)}-{side.value}.html"


def quality_anchor(dataset: str) -> str:
    """Where the night's page has the quality of a dataset, for links back to it."""
    return f"quality-{file_slug(dataset)}"
