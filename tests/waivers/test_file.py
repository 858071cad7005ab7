"""Adding to waivers.yaml: all or nothing, and nothing that was there is lost."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parity.config import load_waivers
from parity.config.waiver_file import add_waivers
from parity.config.waiver_text import HEAD, entry_text
from parity.model.errors import ConfigError, ParityError, UsageError
from tests.waivers.test_text import OLD, waiver

DATASETS = ["bars"]


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    add_waivers(file, [waiver("a"), waiver("b")], DATASETS)
    assert load_waivers(file, DATASETS) == (waiver("a"), waiver("b"))
    assert [path.name for path in tmp_path.iterdir()] == ["waivers.yaml"]


def test_comments_mode_link_and_byte_order_mark_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "waivers.yaml"
    real.write_bytes(b"\xef\xbb\xbf" + OLD.encode())
    real.chmod(0o640)
    link.symlink_to(real)
    add_waivers(link, [waiver()], DATASETS)
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    content = real.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf# About")
    lines = iter(content.decode("utf-8-sig").splitlines())
    assert all(line in lines for line in OLD.splitlines())
    assert [one.id for one in load_waivers(link, DATASETS)] == ["old", "new"]


@pytest.mark.parametrize(
    ("old", "error", "words"),
    [
        ("version: 1\nwaivers: [\n", ConfigError, "not valid YAML"),
        ("version: 1\nwaivers: [{id: x}]\n", ConfigError, "is missing"),
        (f"{HEAD}{entry_text(waiver())}", UsageError, "paste what it prints"),  # the same id
        ("{version: 1}\n", UsageError, "paste what it prints"),
        ("version: 1\nwaivers: [{id: a, dataset: bars, cause: rounding, owner: o, reason: r, "
         "expires: 2005-01-01, max_rows: 1}]\n", UsageError, "paste what it prints"),
        ("version: 1\n...\n", UsageError, "paste what it prints"),
    ],
)  # fmt: skip
def test_where_it_cannot_be_added_nothing_changes(
    tmp_path: Path, old: str, error: type[ParityError], words: str
) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(old, encoding="utf-8")
    with pytest.raises(error, match=words):
        add_waivers(file, [waiver()], DATASETS)
    assert file.read_text(encoding="utf-8") == old
    assert [path.name for path in tmp_path.iterdir()] == ["waivers.yaml"]


def test_no_utf_8_and_no_folder_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_bytes(b"version: 1 # \xff\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        add_waivers(file, [waiver()], DATASETS)
    with pytest.raises(UsageError, match="cannot be written"):
        add_waivers(tmp_path / "none" / "waivers.yaml", [waiver()], DATASETS)


def test_a_file_that_cannot_take_the_place_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text("version: 1\n", encoding="utf-8")
    (tmp_path / f".waivers.yaml.{os.getpid()}.new").mkdir()
    with pytest.raises(UsageError, match="nothing is changed"):
        add_waivers(file, [waiver()], DATASETS)
    assert file.read_text(encoding="utf-8") == "version: 1\n"


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    names = [f"w{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: add_waivers(file, [waiver(name)], DATASETS), names))
    assert sorted(one.id for one in load_waivers(file, DATASETS)) == sorted(names)
