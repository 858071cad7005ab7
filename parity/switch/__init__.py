"""The switch: views that consumers read, and how they are moved from one side to the other."""

from __future__ import annotations

from parity.database.trail import note
from parity.switch.digesting import Digest, digest, digest_relations, one_snapshot
from parity.switch.lagging import Reached, config_of_run, reached
from parity.switch.noting import noted_since
from parity.switch.proving import prove_way_back, require_every_row
from parity.switch.queries import side_seen
from parity.switch.resolving import NoRelationError, resolve, resolve_as_served
from parity.switch.serving import (
    BRIEFLY,
    create_missing,
    keep_still,
    make_anew,
    remove,
    side_of,
    there,
)
from parity.switch.swapping import Swapped, swap
from parity.switch.view import MARKET, View

__all__ = [
    "BRIEFLY",
    "MARKET",
    "Digest",
    "NoRelationError",
    "Reached",
    "Swapped",
    "View",
    "config_of_run",
    "create_missing",
    "digest",
    "digest_relations",
    "keep_still",
    "make_anew",
    "note",
    "noted_since",
    "one_snapshot",
    "prove_way_back",
    "reached",
    "remove",
    "require_every_row",
    "resolve",
    "resolve_as_served",
    "side_of",
    "side_seen",
    "swap",
    "there",
]
