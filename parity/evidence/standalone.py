"""Verifies this bundle with Python's own library and nothing else: python3 -I verify.py ."""

import hashlib
import json
import pathlib
import sys

FIELDS = ("previous", "migration", "number", "at", "kind", "by", "content")


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def main(here: pathlib.Path) -> int:
    """Prints every edit; 0 where there is none."""
    wrong, hashes, sealed, last = [], {0: ""}, {}, ""
    with (here / "trail.jsonl").open(encoding="utf-8", newline="\n") as lines:
        trail = [json.loads(line) for line in lines]
    for number, row in enumerate(trail, 1):
        made = sha256("\n".join(str(row[field]) for field in FIELDS).encode())
        if row["number"] != number or row["previous"] != hashes[number - 1] or made != row["hash"]:
            wrong.append(f"trail row {number} is not as it was written")
        elif row["kind"] == "evidence":
            found = json.loads(row["content"])
            sealed[found["run_id"]], last = (found["manifest"], last), found["manifest"]
        hashes[number] = row["hash"]
    for place in sorted(here.glob("runs/*")):
        path = place / "manifest.json"
        text = path.read_bytes() if path.is_file() else b""
        if sha256(text) != sealed.get(place.name, ("", ""))[0]:
            wrong.append(f"runs/{place.name}/manifest.json is not the one that was sealed")
            continue
        manifest = json.loads(text)
        head = manifest["trail_head"]
        if manifest["previous"] != sealed[place.name][1]:
            wrong.append(f"runs/{place.name} does not follow on the run sealed before")
        if hashes.get(head["number"]) != head["hash"]:
            wrong.append(f"runs/{place.name} was sealed when the trail was another one")
        for file in manifest["files"]:
            path = place / file["name"]
            if not path.is_file() or sha256(path.read_bytes()) != file["sha256"]:
                wrong.append(f"runs/{place.name}/{file['name']} is not as it was sealed")
    print("\n".join(wrong) or "All as it was sealed.")
    print(f"Head of the trail: {hashes[len(trail)]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(__file__).resolve().parent))
