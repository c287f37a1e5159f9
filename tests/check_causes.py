"""Holds what `driftgate diff` says of causes to the tool that made the lockfiles.

    DRIFTGATE=target/debug/driftgate python3 tests/check_causes.py npm|uv|cargo OLD NEW

OLD and NEW are two states of one project, each with its manifest and its lockfile. Of each direct change that others came with,
the step is taken alone on the old state, and undone alone on the new one, by the tool itself: what stands under it must change
with one of the two. What `diff` calls `perhaps` is not held to that. Needs the tool and its registry; no test runs it.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("DRIFTGATE", "target/debug/driftgate")


def npm(name, version, _before):
    if version is None:
        return ["npm", "uninstall", name, "--package-lock-only", "--no-audit"]
    return ["npm", "install", f"{name}@{version}", "--package-lock-only", "--no-audit", "--legacy-peer-deps"]


def uv(name, version, _before):
    return version and ["uv", "lock", "-P", f"{name}=={version}"]


def cargo(name, version, before):
    return version and before and ["cargo", "update", "-p", f"{name}@{before}", "--precise", version]


TOOLS = {"npm": (npm, "package-lock.json"), "uv": (uv, "uv.lock"), "cargo": (cargo, "Cargo.lock")}


def diff(old, new):
    run = subprocess.run([PROGRAM, "diff", old, new, "-f", "json"], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def moved(tool, state, name, version, before):
    """Returns what changes where one package of a state is brought to a version; none where the tool refuses."""
    command, lockfile = TOOLS[tool]
    arguments = command(name, version, before)
    if not arguments:
        return None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(state, folder, dirs_exist_ok=True)
        if subprocess.run(arguments, cwd=folder, capture_output=True).returncode != 0:
            return None
        return {change["name"] for change in diff(state / lockfile, pathlib.Path(folder, lockfile))["changes"]}


def main():
    tool, old, new = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    report = diff(old / TOOLS[tool][1], new / TOOLS[tool][1])
    changes, wrong, held, perhaps = report["changes"], [], 0, 0
    for cause in report["causes"]:
        perhaps += len(cause["perhaps"])
        if cause["kind"] != "direct" or len(cause["changes"]) < 2:
            continue
        lead, *others = (changes[at] for at in cause["changes"])
        alone = moved(tool, old, lead["name"], lead["to"], lead["from"])
        undone = moved(tool, new, lead["name"], lead["from"], lead["to"])
        if alone is None and undone is None:
            print(f"{lead['name']}: {tool} takes the step neither alone nor back")
            continue
        held += len(others)
        both = (alone or set()) | (undone or set())
        wrong += [f"{lead['name']}: {other['kind']} {other['name']}" for other in others if other["name"] not in both]
    print(f"{len(changes)} changes; {held} under a direct one, {len(wrong)} of which do not move with it; {perhaps} perhaps")
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
