"""Who is told: the targets that parity.yaml names, found in the environment and in Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from parity.alerts.apprising import by_apprise, quiet, why_not
from parity.alerts.message import Message
from parity.model.operations import BLOCK

__all__ = ["Block", "Target", "targets_of"]

Send = Callable[[Message], str]
# A Prefect block by its name: the addresses that it holds, or what sends a title and a body.
# Raises LookupError with one line, without secrets, where there is no such block.
Block = Callable[[str], str | Callable[[str, str], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One receiver, known by the name of its variable or block and never by its address.

    `send` returns why a message was not taken, empty when it was. `missing` says what is wrong
    already before anything is sent, `elsewhere` that another process can reach it and this cannot.
    """

    name: str
    send: Send
    missing: str = ""
    elsewhere: bool = False


def targets_of(
    names: Iterable[str], environ: Mapping[str, str], block: Block | None = None
) -> tuple[Target, ...]:
    """The targets: one for each address of a variable, one for each block.

    Args:
        names: as `alerts.to` has them.
        environ: where the variables are; one may hold several addresses, apart by whitespace.
        block: finds Prefect's blocks; None where there is no Prefect.
    """
    return tuple(
        target
        for name in dict.fromkeys(names)
        for target in (_block(name, block) if name.startswith(BLOCK) else _variable(name, environ))
    )


def _variable(name: str, environ: Mapping[str, str]) -> Iterator[Target]:
    value = environ.get(name, "")
    if not value.split():
        yield _missing(name, f"the variable {name} is not set; it should hold an Apprise address")
    yield from _addresses(name, value)


def _block(name: str, block: Block | None) -> Iterator[Target]:
    if block is None:
        reason = "a Prefect block can be read by the flows only: the flow watch tells it"
        yield Target(name=name, send=lambda _message: reason, elsewhere=True)
        return
    try:
        found = block(name.removeprefix(BLOCK))
    except LookupError as error:
        yield _missing(name, str(error.args[0]) if error.args else "is not known")
    except Exception as error:  # noqa: BLE001
        # Whatever it is, it is no reason to leave the other targets without news; and its text
        # may hold what the block holds.
        yield _missing(name, f"cannot be read ({type(error).__name__})")
    else:
        if isinstance(found, str):
            yield from _addresses(name, found)
        else:
            yield Target(name=name, send=partial(_notify, found))


def _addresses(name: str, value: str) -> Iterator[Target]:
    addresses = value.split()
    for place, address in enumerate(addresses, start=1):
        label = name if len(addresses) == 1 else f"{name}[{place}]"
        yield Target(name=label, send=partial(by_apprise, address))


def _missing(name: str, reason: str) -> Target:
    return Target(name=name, send=lambda _message: reason, missing=reason)


def _notify(notify: Callable[[str, str], None], message: Message) -> str:
    with quiet() as said:
        try:
            notify(message.title, message.body)
        except Exception:  # noqa: BLE001
            # Its text may quote the address.
            return why_not(said)
    return ""
