"""Killed at everything they do, the moves of the plan leave the old state or the new one.

The process is killed in each moment that its effects make. Nobody picks the places: an undisturbed
run tells them. Afterwards everything is old or new, and the same command ends what was begun.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plan.crashing import Crash
from tests.plan.moves import MOVES, Bed, bed_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    with bed_in(tmp_path_factory.mktemp("crash")) as made:
        yield made


@pytest.mark.parametrize("name", MOVES)
def test_a_killed_process_leaves_old_or_new_and_the_command_ends_it(bed: Bed, name: str) -> None:
    move, crashes = MOVES[name], bed.crashes
    copy = bed.prepared(move)
    crashes.warm(move.module, *copy())
    url, folder = copy()
    undisturbed = crashes.run(move.module, url, folder)
    assert undisturbed.code in (0, 1), undisturbed.said
    seen = {move.check(url, folder)}
    assert seen == {move.new}
    commits = {at for at, effect in enumerate(undisturbed.effects) if effect == "commit"}
    assert commits
    assert commits <= set(undisturbed.moments)
    for at in undisturbed.moments:
        effect = undisturbed.effects[at]
        url, folder = copy()
        killed = crashes.run(move.module, url, folder, Crash(at))
        assert killed.code == -9, (effect, killed)
        seen.add(move.check(url, folder))
        again = crashes.run(move.module, url, folder)
        assert again.code == undisturbed.code, (effect, again.said)
        assert move.check(url, folder) == move.new, effect
    assert seen == move.states, "both states must have been met"
