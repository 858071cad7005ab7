"""The database is killed before each commit of a move, and after each whose answer never arrives.

Between two commits it has nothing that could be half-done. Afterwards everything is old or new, and
the same command ends what was begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from tests.plan.crashing import Crash
from tests.plan.moves import MOVES, Bed, bed_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_in(tmp_path_factory.mktemp("crash")) as made:
        yield made


@pytest.mark.parametrize("name", ["cutover", "rollback", "quarantine"])
def test_a_killed_database_leaves_old_or_new_and_the_command_ends_it(bed: Bed, name: str) -> None:
    move, crashes = MOVES[name], bed.crashes
    copy = bed.prepared(move)
    crashes.warm(move.module, *copy())
    undisturbed = crashes.run(move.module, *copy())
    commits = [at for at, effect in enumerate(undisturbed.effects) if effect == "commit"]
    assert commits
    for at, what in product(commits, ("database", "commit")):
        url, folder = copy()
        killed = crashes.run(move.module, url, folder, Crash(at, what, bed.pid()))
        bed.start()
        place = (undisturbed.effects[: at + 1], what)
        assert killed.code != 99, (place, killed.said)  # an exception that nobody foresaw
        move.check(url, folder)
        again = crashes.run(move.module, url, folder)
        assert again.code == undisturbed.code, (place, again.said)
        assert move.check(url, folder) == move.new, place
