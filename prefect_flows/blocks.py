"""Prefect's blocks by their name, for whoever has something to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client

__all__ = ["alert_block"]

PAGE = 200


def alert_block(name: str) -> str | Callable[[str, str], None]:
    """Return what a Secret block holds, or what sends a title and a body by a notification block.

    Args:
        name: Of the block, without its type.

    Raises:
        LookupError: There is none, there are several, or it is of another kind; one line.
    """
    with get_client(sync_client=True) as client:
        kinds = sorted(_kinds(client, name))
    if not kinds:
        raise LookupError("Prefect has no block of that name; make one: prefect block create")
    if len(kinds) > 1:
        raise LookupError(f"Prefect has {len(kinds)} blocks of that name: {', '.join(kinds)}")
    block = Block.load(f"{kinds[0]}/{name}")
    if isinstance(block, Secret):
        return str(block.get())
    if not isinstance(block, NotificationBlock):
        raise LookupError(f"a block of type {kinds[0]} sends nothing, and is no secret")
    notification = block

    def notify(title: str, body: str) -> None:
        sent = notification.notify(body, title)
        assert sent is None  # a coroutine only where a loop is running

    return notify


def _kinds(client: SyncPrefectClient, name: str) -> Iterator[str]:
    """Yield the types of the blocks of a name; the API does not look for names alone."""
    offset = 0
    while page := client.read_block_documents(limit=PAGE, offset=offset, include_secrets=False):
        for document in page:
            if document.name == name and document.block_type is not None:
                yield document.block_type.slug
        offset += PAGE
