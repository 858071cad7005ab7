"""The use case: run jobs, check, compare, judge, store, publish."""

from __future__ import annotations

from parity.nightly.harness import Harness, harness_of, open_harness, read_suite
from parity.nightly.night import Night, publish_all

__all__ = ["Harness", "Night", "harness_of", "open_harness", "publish_all", "read_suite"]
