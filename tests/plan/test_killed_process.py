"""Killed at everything they do, the moves of the plan leave the old state or the new one.

The process is killed before each of its effects. Nobody picks the places: an undisturbed run tells
them. Afterwards everything is old or new, and the same command ends what was begun.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plan.crashing import Crash, Crashes
from tests.plan.moves import MOVES, Bed, bed_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_in(tmp_path_factory.mktemp("crash")) as made:
        yield made


@pytest.mark.parametrize("name", MOVES)
def test_a_killed_process_leaves_old_or_new_and_the_command_ends_it(bed: Bed, name: str) -> None:
    move = MOVES[name]
    copy = bed.prepared(move)
    with Crashes(move.module) as crashes:
        crashes.warm(*copy())
        url, folder = copy()
        undisturbed = crashes.run(url, folder)
        assert undisturbed.code in (0, 1), undisturbed.said
        seen = {move.check(url, folder)}
        assert seen == {move.new}
        for at, effect in enumerate(undisturbed.effects):
            url, folder = copy()
            killed = crashes.run(url, folder, Crash(at))
            assert killed.code == -9, (effect, killed)
            seen.add(move.check(url, folder))
            again = crashes.run(url, folder)
            assert again.code == undisturbed.code, (effect, again.said)
            assert move.check(url, folder) == move.new, effect
    assert seen == move.states, "both states must have been met"
