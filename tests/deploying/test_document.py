"""docs/deployment.md: its commands, run as they are written."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploying.site import Site, background, registered, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh( stay)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STORED = """
SELECT symbol, count(*)::int, min(timestamp AT TIME ZONE 'America/New_York')::date::text,
  max(timestamp AT TIME ZONE 'America/New_York')::date::text
FROM prefect.market_data GROUP BY symbol ORDER BY symbol"""
SYMBOLS = ("AAPL", "GOOG", "IBM", "MSFT")
# What a command that stays says when it is ready.
READY = re.compile("serving 10 deployments|Worker '.*' started!")


def test_the_commands_do_what_the_document_says(site: Site, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    one_machine, _, on_pools = text.partition("\n## Pools\n")
    served = follow(site, one_machine, tmp_path / "one")
    # 21 weekdays from January 3rd on, less Martin Luther King's day.
    assert site.rows(STORED) == [(one, 20, "2005-01-03", "2005-01-31") for one in SYMBOLS]

    deployed = follow(site, on_pools, tmp_path / "pools")
    # And 19 in February up to the 25th, less Washington's birthday.
    assert site.rows(STORED) == [(one, 38, "2005-01-03", "2005-02-25") for one in SYMBOLS]
    assert deployed == served, "both ways register the same"


def follow(site: Site, text: str, folder: Path) -> object:
    """Run a part's commands, in a shell each; return what is registered at its end."""
    folder.mkdir()
    environ = {name: value for name, value in site.environ.items() if name != "PREFECT_API_URL"}
    with ExitStack() as staying:
        for number, (stays, commands) in enumerate(BLOCK.findall(text)):
            log = folder / f"{number}.log"
            shell = background(["bash", "-ec", commands], environ, log, ROOT)
            if stays:
                staying.enter_context(shell)
                until(lambda log=log: READY.search(log.read_text()))  # type: ignore[misc]
            else:
                with shell as process:
                    assert process.wait(timeout=240) == 0, log.read_text()
        return registered(site)
