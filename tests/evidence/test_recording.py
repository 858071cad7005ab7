"""Config and waivers in the trail."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.nightly.recording import record_config
from tests.evidence.conftest import CONFIG, Toy


def rows(toy: Toy) -> list[tuple[str, str, str, str]]:
    return [
        (row.kind, row.by, row.content["hash"], row.content["text"])
        for row in toy.harness.store.trail("toy", TrailKind.CONFIG, TrailKind.WAIVERS)
    ]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_only_what_differs_is_recorded(make: Callable[..., Toy], tmp_path: Path) -> None:
    toy = make()
    record_config(toy.harness, "anna")
    record_config(toy.harness, "ben")
    first = ("config", "anna", toy.harness.suite.config_hash, CONFIG)
    assert rows(toy) == [first]  # where there never were waivers, there is no row
    toy = make(CONFIG + "# a remark\n", waivers="version: 1\n")
    record_config(toy.harness, "ben")
    record_config(toy.harness, "carl")
    second = ("config", "ben", first[2], CONFIG + "# a remark\n")
    waivers = ("waivers", "ben", sha("version: 1\n"), "version: 1\n")
    assert rows(toy) == [first, second, waivers]
    (tmp_path / "waivers.yaml").unlink()
    record_config(toy.harness, "dora")
    assert rows(toy)[3:] == [("waivers", "dora", sha(""), "")]
    # Going back to what was once is a change like any other.
    toy = make(CONFIG)
    record_config(toy.harness, "emil")
    assert rows(toy)[4:] == [("config", "emil", first[2], CONFIG)]


def test_bytes_that_are_no_text_are_recorded_all_the_same(
    make: Callable[..., Toy], tmp_path: Path
) -> None:
    toy = make()
    (tmp_path / "waivers.yaml").write_bytes(b"a\xff\x00")
    record_config(toy.harness, "anna")
    assert rows(toy)[1][3] == "a\\xff\x00"
    assert toy.found() == []


def test_waivers_that_cannot_be_read(make: Callable[..., Toy], tmp_path: Path) -> None:
    toy = make()
    (tmp_path / "waivers.yaml").mkdir()
    with pytest.raises(ParityError, match=r"waivers\.yaml cannot be read: Is a directory"):
        record_config(toy.harness, "anna")
