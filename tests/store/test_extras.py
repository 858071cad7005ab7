"""Further files of a run: what charts are drawn from, and data docs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from parity.database import Database
from parity.model.errors import StoreError
from parity.store import Store, evidence
from tests.store.build import SESSION, dataset, pair, run

RUN = "m.2005-02-28.1"
ROWS = [pair("A", 1.0, 2.0)]


def save(store: Store, folder: Path, **extras: bytes) -> None:
    named = {name.replace("_", "-") + ending(name): held for name, held in extras.items()}
    store.save(
        run(dataset(ROWS, ("close",))), {"bars": ROWS}, config="c", evidence=folder, extras=named
    )


def ending(name: str) -> str:
    return ".json" if name == "pictures" else ".html"


def contents(folder: Path) -> dict[str, bytes]:
    """The folder's files but for the rows, with what they hold."""
    files = sorted((folder / RUN).iterdir())
    return {path.name: path.read_bytes() for path in files if path.suffix != ".parquet"}


def sealed(folder: Path, content: str) -> None:
    (folder / RUN / "manifest.json").write_text(json.dumps({"missing": [], "content": content}))


def content_of(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest of what was found, as a manifest names it."""
    seen: list[str] = []
    is_whole = evidence._is_whole

    def told(path: Path, held: str) -> bool:
        seen.append(held)
        return is_whole(path, held)

    with monkeypatch.context() as patch:
        patch.setattr(evidence, "_is_whole", told)
        save(store, folder)
    return seen[0]


def test_extras_are_beside_the_rows_and_written_anew(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path, pictures=b"1", quality_bars_legacy=b"<p>")
    assert contents(tmp_path) == {"pictures.json": b"1", "quality-bars-legacy.html": b"<p>"}
    assert (tmp_path / RUN / "bars.parquet").is_file()
    save(store, tmp_path, pictures=b"2", quality_bars_legacy=b"<p>")
    assert contents(tmp_path)["pictures.json"] == b"2"


def test_extras_of_an_earlier_save_are_removed_and_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    save(store, tmp_path, pictures=b"1", quality_bars_legacy=b"<p>")
    folder = tmp_path / RUN
    for name in ("gate.json", "job-old.log", "quality.html"):
        (folder / name).write_bytes(b"kept")
    (folder / ".pictures.json.part").write_bytes(b"of a process that was killed")
    save(store, tmp_path, quality_bars_candidate=b"<p>")
    assert list(contents(tmp_path)) == [
        "gate.json", "job-old.log", "quality-bars-candidate.html", "quality.html",
    ]  # fmt: skip


def test_a_run_without_rows_has_its_extras(store: Store, tmp_path: Path) -> None:
    found = run(dataset([], ("close",)))
    store.save(found, {"bars": []}, config="c", evidence=tmp_path, extras={"pictures.json": b"1"})
    assert contents(tmp_path) == {"pictures.json": b"1"}


def test_what_was_sealed_stays_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store, tmp_path, pictures=b"1", quality_bars_legacy=b"<p>")
    content = content_of(store, tmp_path / "other", monkeypatch)
    sealed(tmp_path, content)
    (tmp_path / RUN / "quality-bars-legacy.html").unlink()
    save(store, tmp_path, pictures=b"2", quality_bars_candidate=b"<p>")
    assert sorted(contents(tmp_path)) == ["manifest.json", "pictures.json"]
    assert contents(tmp_path)["pictures.json"] == b"1"


def test_a_seal_of_something_else_protects_nothing(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path, pictures=b"1")
    sealed(tmp_path, "of another database")
    save(store, tmp_path, quality_bars_legacy=b"<p>")
    assert sorted(contents(tmp_path)) == ["manifest.json", "quality-bars-legacy.html"]


def test_an_extra_that_cannot_be_written_is_logged_and_left_out(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / RUN / "pictures.json"
    blocked.mkdir(parents=True)
    save(store, tmp_path, pictures=b"1", quality_bars_legacy=b"<p>")
    assert store.current("m", SESSION) is not None
    assert (tmp_path / RUN / "bars.parquet").is_file()
    assert (tmp_path / RUN / "quality-bars-legacy.html").read_bytes() == b"<p>"
    assert caplog.messages == [f"{blocked} is left out: Is a directory"]


def test_an_extra_that_cannot_be_written_anew_is_not_the_earlier_one(
    store: Store, tmp_path: Path
) -> None:
    save(store, tmp_path, pictures=b"1")
    (tmp_path / RUN / ".pictures.json.part").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        (tmp_path / RUN / ".pictures.json.part").open("wb")
    evidence._write_extras(tmp_path / RUN, {"pictures.json": b"2"})
    assert not (tmp_path / RUN / "pictures.json").exists()


def test_rows_that_cannot_be_written_store_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / RUN / "bars.parquet").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot be written to .*: Is a directory"):
        save(store, tmp_path, pictures=b"1")
    assert store.current("m", SESSION) is None


@pytest.mark.slow
def test_a_save_that_is_killed_behind_its_extras_has_no_run(
    store: Store, database: Database, tmp_path: Path
) -> None:
    """The next one finds what it left, and leaves what is its own."""
    program = """
        import os, signal, sys
        from pathlib import Path
        import psycopg
        from sqlalchemy import create_engine
        from parity.store import Store, runs
        from tests.store.build import dataset, pair, run

        def killed(*_):
            os.kill(os.getpid(), signal.SIGKILL)

        runs.insert_attempt = killed  # what follows the files
        rows = [pair("A", 1.0, 2.0)]
        url = os.environ["STORE"]
        store = Store(create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url)))
        store.save(
            run(dataset(rows, ("close",))), {"bars": rows}, config="c",
            evidence=Path(sys.argv[1]), extras={"pictures.json": b"killed"},
        )
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        cwd=Path(__file__).parents[2], check=False,
        env={**os.environ, "STORE": database.url_as("parity_harness")},
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    assert contents(tmp_path) == {"pictures.json": b"killed"}
    assert store.current("m", SESSION) is None
    save(store, tmp_path, quality_bars_legacy=b"<p>")
    assert contents(tmp_path) == {"quality-bars-legacy.html": b"<p>"}
