"""Vendor limits, shared by all workers: Prefect's global concurrency limits that decay.

`deploy` and `serve` set them as deploying/pools.yaml says; where a flow runs without either, its
first run makes them. Such a limit lets through a burst of its size; one slot with a slow decay
spaces requests strictly.
"""

from __future__ import annotations

from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.concurrency._asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import rate_limit
from prefect.exceptions import ObjectNotFound

from prefect_flows.errors import LimitError

__all__ = ["Permits", "packet_of"]

PATIENCE_SECONDS = 600
_POOLS = Path(__file__).parents[1] / "deploying" / "pools.yaml"
_LARGEST_PACKET = 10


class Permits:
    """Asks for leave before each request to a vendor; for one task, used by one thread.

    Args:
        vendor: Name of the limit.
        packet: How many permits to fetch at a time: each fetch is a request to the Prefect server.
    """

    def __init__(self, vendor: str, packet: int = 1) -> None:
        self._vendor = vendor
        self._packet = packet
        self._left = 0

    def __call__(self) -> None:
        """Return when the next request may be sent.

        Raises:
            LimitError: No slot became free in time, or the limit does not exist.
        """
        if not self._left:
            try:
                rate_limit(
                    self._vendor,
                    occupy=self._packet,
                    timeout_seconds=PATIENCE_SECONDS,
                    strict=True,
                )
            except (TimeoutError, ConcurrencySlotAcquisitionError) as error:
                why = " ".join(str(error).split()) or f"no slot within {PATIENCE_SECONDS} s"
                raise LimitError(
                    f"the limit {self._vendor} lets nothing through: {why[:200]}; see "
                    f"prefect global-concurrency-limit inspect {self._vendor}"
                ) from None
            self._left = self._packet
        self._left -= 1


def packet_of(vendor: str, batch: int) -> int:
    """Make sure that a vendor's limit exists; return how many permits to fetch at a time.

    At most half of the limit, so that workers that share it take turns.
    """
    with get_client(sync_client=True) as client:
        try:
            limit = client.read_global_concurrency_limit_by_name(vendor)
        except ObjectNotFound:
            _make(client, vendor)
            limit = client.read_global_concurrency_limit_by_name(vendor)
    return max(1, min(batch, _LARGEST_PACKET, limit.limit // 2))


def _make(client: SyncPrefectClient, vendor: str) -> None:
    import yaml

    from prefect_flows.deploying.shapes import PoolsFile  # a tenth of a second, once a server

    limit = PoolsFile.model_validate(yaml.safe_load(_POOLS.read_text("utf-8"))).limits[vendor]
    client.upsert_global_concurrency_limit_by_name(vendor, limit.limit, limit.slot_decay_per_second)
