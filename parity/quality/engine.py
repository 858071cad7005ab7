"""Validates a frame with Great Expectations in one pass.

One ephemeral context serves the whole process; it writes no file, sends nothing and shows no
progress bars.
"""

from __future__ import annotations

import functools
import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from parity.quality.suites import Expectation

__all__ = ["Outcome", "validate"]

# All batches of the shared context have one id, so two validations must not overlap.
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Great Expectations said of one expectation; `error` where it could not say.

    `entry` is its own object, for its own renderers.
    """

    success: bool
    result: Mapping[str, Any]
    error: str | None
    entry: Any


def validate(
    suite: Sequence[Expectation], data: pd.DataFrame, key: tuple[str, ...] = ()
) -> tuple[Outcome, ...]:
    """The outcomes in the order of `suite`; with `key`, naming unexpected rows by these columns."""
    if not suite:
        return ()
    # BASIC counts without listing every row; naming rows needs SUMMARY, which costs twice as much.
    wanted: dict[str, Any] = {"result_format": "BASIC"}
    if key:
        wanted = {"result_format": "SUMMARY", "unexpected_index_column_names": list(key)}
    with _LOCK:
        gx, configuration, batches = _great_expectations()
        items = [
            configuration(
                type=item.type, kwargs=dict(item.kwargs), meta={"position": position}
            ).to_domain_obj()
            for position, item in enumerate(suite)
        ]
        batch = batches.get_batch({"dataframe": data})
        report = batch.validate(
            gx.ExpectationSuite(name="parity", expectations=items), result_format=wanted
        )
    # Results come grouped by metric, not in the order asked for.
    found = {entry.expectation_config.meta["position"]: entry for entry in report.results}
    return tuple(_outcome(found[position]) for position in range(len(suite)))


@functools.cache
def _great_expectations() -> tuple[Any, Any, Any]:
    """The library, its configuration class and the batch definition of the shared context."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the import uses deprecated modules
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )
        from great_expectations.expectations.expectation_configuration import (
            ExpectationConfiguration,
        )

        # The default configuration would make a folder for pages that nobody asked for.
        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
        context = gx.get_context(mode="ephemeral", project_config=config)
        asset = context.data_sources.add_pandas("parity").add_dataframe_asset("rows")
        return gx, ExpectationConfiguration, asset.add_batch_definition_whole_dataframe("all")


def _outcome(entry: Any) -> Outcome:
    return Outcome(bool(entry.success), dict(entry.result), _raised(entry.exception_info), entry)


def _raised(info: Mapping[str, Any] | None) -> str | None:
    """The message of an exception inside an expectation.

    The information is flat when there was none, and keyed by metric when there was one.
    """
    if not info:
        return None
    parts = [info] if "raised_exception" in info else list(info.values())
    messages = [str(part.get("exception_message")) for part in parts if part["raised_exception"]]
    return "; ".join(messages) or None
