"""One file for an auditor, who has nothing of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from parity.evidence.seals import named_runs
from parity.model.errors import ParityError
from parity.model.trail import TrailKind
from parity.model.verdict import Phase
from parity.plan.evidence import bundle
from tests.conftest import Inside
from tests.evidence.conftest import FIRST, SECOND, Toy

RUN, NEXT = "toy.2005-02-28.1", "toy.2005-03-01.1"


@pytest.fixture
def sealed(toy: Toy) -> Toy:
    """A sealed night in each of two phases, and decisions."""
    store = toy.harness.store
    toy.night(FIRST)
    store.append_trail("toy", TrailKind.CONFIG, "anna", {"hash": "ab", "text": "one\ntwo\n"})
    moved = {
        "from": "parallel_run",
        "to": "validation",
        "why": "5\u00a0sessions",
        "evidence": [RUN],
    }
    store.append_trail("toy", TrailKind.PHASE, "anna \x1b[2J", moved)
    found = toy.store(SECOND)
    toy.execute("UPDATE parity.run SET phase = 'validation' WHERE run_id = %s", found.run_id)
    from parity.nightly.sealing import seal

    seal(toy.harness, ())
    assert toy.found() == []
    return toy


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def checked(folder: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the bundle's own script, which finds none of our modules."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "verify.py"], capture_output=True, text=True,
        check=False, cwd="/",
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_a_bundle_is_verified_without_parity(sealed: Toy, tmp_path: Path) -> None:
    made = bundle(sealed.harness, Phase.PARALLEL_RUN, tmp_path / "b.zip", as_it_is=False)
    assert made.path is not None
    folder = unpacked(made.path, tmp_path / "b")
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    files = sorted(path.name for path in (sealed.evidence / RUN).iterdir())
    assert names == [
        "README.txt", "SHA256SUMS", "decisions.txt", "runs.txt",
        *(f"runs/{RUN}/{name}" for name in files), "trail.jsonl", "verify.py",
    ]  # fmt: skip
    assert (made.runs, made.files) == (1, len(names))
    head = made.verification.head[1]
    assert checked(folder) == (0, [
        "All as it was sealed.", "Phase parallel_run: 1 of 1 sealed runs are here.",
        f"Head of the trail: {head}",
    ])  # fmt: skip
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    readme = (folder / "README.txt").read_text()
    assert head in readme
    assert max(map(len, readme.splitlines())) <= 80
    rows = [json.loads(line) for line in (folder / "trail.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["evidence", "config", "phase", "evidence"]
    assert len((folder / "verify.py").read_text().splitlines()) <= 150


def test_decisions_can_be_read(sealed: Toy, tmp_path: Path) -> None:
    bundle(sealed.harness, Phase.VALIDATION, tmp_path / "b.zip", as_it_is=False)
    folder = unpacked(tmp_path / "b.zip", tmp_path / "b")
    assert [path.name for path in (folder / "runs").iterdir()] == [NEXT]
    config, phase = (folder / "decisions.txt").read_text().split("\n\n")
    assert config.splitlines()[0].startswith("2. ")
    assert config.splitlines()[0].endswith("  config  by anna")
    assert config.splitlines()[1:] == ["   hash: ab", "   text: 2 lines, see trail.jsonl"]
    # What would move a terminal's cursor is written out.
    assert phase.splitlines()[0].endswith('  phase  by "anna \\u001b[2J"')
    assert phase.splitlines()[1:] == [
        f'   evidence: ["{RUN}"]', "   from: parallel_run", "   to: validation",
        '   why: "5\\u00a0sessions"',
    ]  # fmt: skip


def test_the_same_evidence_is_the_same_file(sealed: Toy, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        bundle(sealed.harness, Phase.PARALLEL_RUN, tmp_path / name, as_it_is=False)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_any_edit_of_a_bundle_is_found_by_its_script(sealed: Toy, tmp_path: Path) -> None:
    bundle(sealed.harness, Phase.PARALLEL_RUN, tmp_path / "b.zip", as_it_is=False)
    folder = unpacked(tmp_path / "b.zip", tmp_path / "b")
    edits = {
        "trail.jsonl": (b"validation", b"validatiom", "trail row 3 is not as it was written"),
        f"runs/{RUN}/manifest.json": (
            b"toy", b"toi", f"runs/{RUN}/manifest.json is not the one that was sealed",
        ),
        f"runs/{RUN}/result.json": (
            b"fail", b"pass", f"runs/{RUN}/result.json is not as it was sealed",
        ),
    }  # fmt: skip
    for name, (old, new, line) in edits.items():
        kept = (folder / name).read_bytes()
        assert old in kept
        (folder / name).write_bytes(kept.replace(old, new))
        code, lines = checked(folder)
        assert (code, lines[0]) == (1, line)
        assert f"{name} is not the file that SHA256SUMS names" in lines
        (folder / name).unlink()
        if name != "trail.jsonl":
            assert checked(folder)[1][0] == line
        (folder / name).write_bytes(kept)
    lines = (folder / "trail.jsonl").read_text().splitlines(keepends=True)
    (folder / "trail.jsonl").write_text("".join(lines[1:]))
    assert checked(folder)[0] == 1
    (folder / "trail.jsonl").write_text("".join(lines))
    assert checked(folder)[0] == 0


def test_a_bundle_is_whole_and_nothing_is_added(sealed: Toy, tmp_path: Path) -> None:
    """Also where whoever does it makes the sums anew: the trail has the last word."""
    sealed.night(SECOND, close=1.5)
    bundle(sealed.harness, Phase.PARALLEL_RUN, tmp_path / "b.zip", as_it_is=False)

    def after(change: Callable[[Path], object]) -> tuple[int, list[str]]:
        shutil.rmtree(tmp_path / "b", ignore_errors=True)
        folder = unpacked(tmp_path / "b.zip", tmp_path / "b")
        change(folder)
        command = "find . -type f ! -name SHA256SUMS -printf '%P\\n' | xargs sha256sum > SHA256SUMS"
        subprocess.run(command, shell=True, cwd=folder, check=True)
        code, lines = checked(folder)
        return code, lines[:-1]

    of = "Phase parallel_run: {} of 2 sealed runs are here."
    assert after(lambda _: None) == (0, ["All as it was sealed.", of.format(2)])
    assert after(lambda folder: shutil.rmtree(folder / "runs" / RUN)) == (
        1, [f"runs that were taken out: {RUN}", of.format(1)],
    )  # fmt: skip
    assert after(lambda folder: (folder / "runs" / RUN / "more.html").write_text("x")) == (
        1, [f"runs/{RUN}/more.html was not sealed", of.format(2)],
    )  # fmt: skip
    for name in ("decisions.txt", "runs.txt"):
        code, lines = after(lambda folder, name=name: append(folder / name))  # type: ignore[misc]
        assert (code, lines) == (1, [f"{name} is not what the trail says", of.format(2)])
    folder = unpacked(tmp_path / "b.zip", tmp_path / "c")
    (folder / "notes.txt").write_text("x")
    append(folder / "README.txt")
    assert checked(folder)[1][:2] == [
        "notes.txt is not named in SHA256SUMS", "README.txt is not the file that SHA256SUMS names",
    ]  # fmt: skip


def append(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("more\n")


def test_what_was_changed_is_bundled_only_as_it_is(
    sealed: Toy, tmp_path: Path, inside: Inside
) -> None:
    done = inside("evidence", "bundle", "--phase", "1", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [
        "Bundle of parallel_run: 1 run, 14 files", "toy-parallel_run-evidence.zip",
    ]  # fmt: skip
    path = tmp_path / "toy-parallel_run-evidence.zip"
    before = path.read_bytes()
    line = f"evidence/{RUN}/index.html: gone"
    (sealed.evidence / RUN / "index.html").unlink()
    (sealed.evidence / NEXT / "manifest.json").write_text("{}")
    done = inside("evidence", "bundle", "--phase", "parallel_run", folder=tmp_path)
    assert done.returncode == 2
    assert line in done.stdout
    assert done.stderr.startswith("parity: no bundle was made")
    assert path.read_bytes() == before
    done = inside("evidence", "bundle", "--phase", "1", "--as-it-is", folder=tmp_path)
    assert done.returncode == 1
    folder = unpacked(path, tmp_path / "b")
    readme = (folder / "README.txt").read_text()
    assert readme.startswith("NOT AS IT WAS.")
    assert f"  - {line}" in readme
    assert checked(folder)[1][0] == f"runs/{RUN}/index.html is not as it was sealed"
    # Of the other run it is the trail that knows its phase.
    assert [run.name for run in (folder / "runs").iterdir()] == [RUN]
    done = inside("evidence", "bundle", "--phase", "5", folder=tmp_path)
    assert done.returncode == 2
    assert "there is no phase '5'" in done.stderr


def test_a_file_that_cannot_be_written(sealed: Toy, tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"b\.zip cannot be written: No such file or directory"):
        bundle(sealed.harness, Phase.CUTOVER, tmp_path / "no" / "b.zip", as_it_is=False)


def test_runs_that_a_decision_names(sealed: Toy) -> None:
    assert named_runs(sealed.harness.store.trail("toy", TrailKind.PHASE), "toy") == {RUN}
