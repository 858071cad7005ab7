"""Two files by which a person holds a cutover: one that makes it wait, one that ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from parity.model.errors import ParityError
from parity.model.plan import Switching

__all__ = ["postponed", "refuse_panic", "there", "wait_while_postponed"]

LOOK = 0.5  # seconds
REMIND = 30.0  # seconds


def refuse_panic(switching: Switching) -> None:
    """Raises when the panic file is there; nothing has been moved."""
    if there(switching.panic_file):
        raise ParityError(
            f"the panic file {switching.panic_file} is there: given up, and consumers read what "
            "they read before; remove the file to start again"
        )


def postponed(switching: Switching) -> bool:
    """The postpone file is there."""
    return there(switching.postpone_file)


def wait_while_postponed(switching: Switching, say: Callable[[str], None]) -> None:
    """Waits while the postpone file is there.

    Raises:
        ParityError: the panic file is there, or comes while it waits.
    """
    reminded = -REMIND
    began = time.monotonic()
    while postponed(switching):
        refuse_panic(switching)
        waited = time.monotonic() - began
        if waited - reminded >= REMIND:
            reminded = waited
            say(f"Postponed while {switching.postpone_file} is there; nights run meanwhile. Remove "
                "it, and the cutover looks at everything and switches; or create "
                f"{switching.panic_file} to give up.")  # fmt: skip
        time.sleep(LOOK)
    refuse_panic(switching)
    say("No longer postponed.")


def there(path: Path) -> bool:
    """Such a file is there. A link that leads nowhere counts too: somebody put it there."""
    return path.exists() or path.is_symlink()
