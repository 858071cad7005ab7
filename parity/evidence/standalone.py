"""Verifies this bundle with Python's own library and nothing else: python3 -I verify.py ."""

import hashlib
import json
import pathlib
import sys
from typing import Any

FIELDS = ("previous", "migration", "number", "at", "kind", "by", "content")
UNTOLD = ("evidence", "step")  # rows that only name a manifest or a step

Row = dict[str, Any]
Seal = tuple[str, str, str]  # manifest, the manifest sealed before, phase


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def content_of(row: Row) -> dict[str, Any]:
    """What a row says; an edited one may say nothing that can be read."""
    try:
        found = json.loads(row["content"])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def decisions(trail: list[Row]) -> str:
    """What decisions.txt says."""
    texts = []
    for row in trail:
        if row["kind"] not in UNTOLD:
            at = f"{row['at'][:10]} {row['at'][11:19]} UTC"
            lines = [f"{row['number']}. {at}  {plain(row['kind'])}  by {plain(row['by'])}"]
            for key, value in content_of(row).items():
                if key == "text":  # a whole file
                    value = f"{len(str(value).splitlines())} lines, see trail.jsonl"
                lines.append(f"   {plain(key)}: {plain(value)}")
            texts.append("\n".join(lines) + "\n")
    return "\n".join(texts)


def plain(value: object) -> str:
    """A value in one line; what would move a terminal's cursor is written out."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text)


def list_of(phase: str, runs: list[str]) -> str:
    """What runs.txt says."""
    return f"Sealed runs of phase {phase}: {len(runs)}\n" + "".join(f"{run}\n" for run in runs)


def seals(trail: list[Row]) -> dict[str, Seal]:
    """The seal of each run whose evidence was not pruned since."""
    sealed: dict[str, Seal] = {}
    last = ""
    for row in trail:
        said = content_of(row)
        if row["kind"] == "evidence":
            run, manifest, phase = said.get("run_id"), said.get("manifest"), said.get("phase")
            if isinstance(run, str) and isinstance(manifest, str) and isinstance(phase, str):
                sealed[run], last = (manifest, last, phase), manifest
        elif row["kind"] == "pruned":
            for run in said.get("run_ids", ()):
                sealed.pop(run, None)
    return sealed


def check_chain(trail: list[Row], hashes: dict[int, str]) -> list[str]:
    """Whether each row follows on the one before; fills in the hashes by number."""
    wrong = []
    for number, row in enumerate(trail, 1):
        made = sha256("\n".join(str(row[field]) for field in FIELDS).encode())
        if row["number"] != number or row["previous"] != hashes[number - 1] or made != row["hash"]:
            wrong.append(f"trail row {number} is not as it was written")
        hashes[number] = row["hash"]
    return wrong


def check_run(place: pathlib.Path, seal: Seal, hashes: dict[int, str]) -> list[str]:
    """Whether a run has what was sealed, and nothing else."""
    name, path = f"runs/{place.name}", place / "manifest.json"
    text = path.read_bytes() if path.is_file() else b""
    if sha256(text) != seal[0]:
        return [f"{name}/manifest.json is not the one that was sealed"]
    manifest = json.loads(text)
    wrong, head = [], manifest["trail_head"]
    if manifest["previous"] != seal[1]:
        wrong.append(f"{name} does not follow on the run sealed before")
    if hashes.get(head["number"]) != head["hash"]:
        wrong.append(f"{name} was sealed when the trail was another one")
    for file in manifest["files"]:
        path = place / file["name"]
        if not path.is_file() or sha256(path.read_bytes()) != file["sha256"]:
            wrong.append(f"{name}/{file['name']} is not as it was sealed")
    named = {"manifest.json", *(file["name"] for file in manifest["files"])}
    unnamed = sorted(path.name for path in place.iterdir() if path.name not in named)
    return wrong + [f"{name}/{other} was not sealed" for other in unnamed]


def check_sums(here: pathlib.Path) -> list[str]:
    """Whether the files are those that SHA256SUMS names, and no others."""
    path = here / "SHA256SUMS"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    sums = {name: made for made, _, name in (line.partition("  ") for line in lines)}
    there = {one.relative_to(here).as_posix() for one in here.rglob("*") if not one.is_dir()}
    there.discard("SHA256SUMS")
    wrong = [f"{name} is not named in SHA256SUMS" for name in sorted(there - sums.keys())]
    for name, made in sums.items():
        if name not in there or sha256((here / name).read_bytes()) != made:
            wrong.append(f"{name} is not the file that SHA256SUMS names")
    return wrong


def main(here: pathlib.Path) -> int:
    """Prints every edit; 0 where there is none."""
    with (here / "trail.jsonl").open(encoding="utf-8", newline="\n") as lines:
        trail = [json.loads(line) for line in lines]
    hashes = {0: ""}
    wrong, sealed = check_chain(trail, hashes), seals(trail)
    said = {}
    for name in ("runs.txt", "decisions.txt"):
        said[name] = (here / name).read_bytes().decode() if (here / name).is_file() else ""
    phase = said["runs.txt"].partition(" of phase ")[2].partition(":")[0]
    runs = sorted(run for run, seal in sealed.items() if seal[2] == phase)
    if said["runs.txt"] != list_of(phase, runs):
        wrong.append("runs.txt is not what the trail says")
    if said["decisions.txt"] != decisions(trail):
        wrong.append("decisions.txt is not what the trail says")
    places = sorted(here.glob("runs/*"))
    for place in places:
        if place.name in runs and place.is_dir():
            wrong += check_run(place, sealed[place.name], hashes)
        else:
            wrong.append(f"runs/{place.name} is no sealed run of phase {phase}")
    absent = [run for run in runs if not (here / "runs" / run).is_dir()]
    if absent:
        wrong.append(f"runs that were taken out: {', '.join(absent)}")
    wrong += check_sums(here)
    print("\n".join(wrong) or "All as it was sealed.")
    print(f"Phase {phase}: {len(runs) - len(absent)} of {len(runs)} sealed runs are here.")
    print(f"Head of the trail: {hashes[len(trail)]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(__file__).resolve().parent))
