#!/usr/bin/env python3
"""Counts what differs between two lockfiles by reading them itself, and holds driftgate's answer to it.

    count_diff.py DRIFTGATE OLD NEW          two files (Cargo.lock, uv.lock, poetry.lock, package-lock.json 2 and 3)

Standard library only. Exits 1 where the counts differ.
"""

import json
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path


def read(path):
    """Name -> set of (version, digests) as the file itself says."""
    text = Path(path).read_text(encoding="utf-8")
    found = defaultdict(set)
    if text.lstrip().startswith("{"):
        for place, entry in json.loads(text)["packages"].items():
            if entry.get("link"):
                continue
            at = place.rpartition("node_modules/")[2] if "node_modules/" in place else place.rpartition("/")[2]
            # A bundled copy has no digest of its own: it is another thing than the published one of that version.
            bundled = " bundled" if entry.get("inBundle") and "integrity" not in entry else ""
            found[entry.get("name") or at or "(root)"].add((entry.get("version", "") + bundled, entry.get("integrity", "")))
    else:
        for entry in tomllib.loads(text)["package"]:
            digests = [entry.get("checksum", "")]
            files = entry.get("files", []) + entry.get("wheels", []) + ([entry["sdist"]] if "sdist" in entry else [])
            digests += sorted(file.get("hash", "") for file in files)
            found[entry["name"]].add((entry.get("version", ""), " ".join(digests), str(entry.get("source", ""))))
    return found


def count(old, new):
    """Counts added, removed and moved, with the fewest changes for each name."""
    counts = {"added": 0, "removed": 0, "moved": 0}
    for name in old.keys() | new.keys():
        before, after = {entry[0] for entry in old[name]}, {entry[0] for entry in new[name]}
        gone, come = len(before - after), len(after - before)
        counts["moved"] += min(gone, come)
        counts["removed"] += max(0, gone - come)
        counts["added"] += max(0, come - gone)
    return counts


def main():
    driftgate, old, new = sys.argv[1:]
    answer = json.loads(subprocess.run([driftgate, "diff", old, new, "--format", "json"], check=True, capture_output=True).stdout)
    said = {"added": 0, "removed": 0, "moved": 0}
    for change in answer["changes"]:
        kind = {"upgraded": "moved", "downgraded": "moved"}.get(change["kind"], change["kind"])
        if kind in said:
            said[kind] += 1
    counted = count(read(old), read(new))
    print(f"counted {counted}, driftgate says {said}")
    sys.exit(said != counted)


if __name__ == "__main__":
    main()
