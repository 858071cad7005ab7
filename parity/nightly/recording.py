"""Puts the config and the waivers on record whenever they are other ones than last time."""

from __future__ import annotations

import hashlib

from parity.model.errors import ParityError
from parity.model.suite import Suite
from parity.model.trail import TrailKind
from parity.nightly.harness import Harness

__all__ = ["record_config", "waivers_text"]


def record_config(harness: Harness, by: str) -> None:
    """Adds a row `config` or `waivers` where the file differs from the one recorded last.

    The rows hold the whole text, unmasked: parity.yaml names variables of the environment where
    a secret is needed, and holds none itself.

    Args:
        harness: whose suite was read from the file.
        by: who works with it from now on.

    Raises:
        ParityError: waivers.yaml cannot be read.
        StoreError: the trail cannot be added to.
    """
    suite = harness.suite
    waivers = waivers_text(suite) or ""
    _record(harness, TrailKind.CONFIG, by, suite.config_hash, suite.text)
    _record(harness, TrailKind.WAIVERS, by, hashlib.sha256(waivers.encode()).hexdigest(), waivers)


def waivers_text(suite: Suite) -> str | None:
    """The text of waivers.yaml; None where there is no such file.

    Raises:
        ParityError: it cannot be read.
    """
    path = suite.plan.waivers
    try:
        # Bytes that are no text are kept as escapes; reading the waivers refuses them.
        return path.read_bytes().decode("utf-8-sig", "backslashreplace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ParityError(f"{path} cannot be read: {error.strerror}") from None


def _record(harness: Harness, kind: TrailKind, by: str, hashed: str, text: str) -> None:
    store, migration = harness.store, harness.suite.migration
    rows = store.trail(migration, kind)
    last = rows[-1].content if rows else {"hash": hashed if not text else "", "text": ""}
    if (last.get("hash"), last.get("text")) != (hashed, text):
        store.append_trail(migration, kind, by, {"hash": hashed, "text": text})
