#!/usr/bin/env python3
"""Makes the benchmarks' inputs from real lockfiles. Same arguments, same bytes.

    inputs.py OUT --small LOCKFILE (ten or so) --large LOCKFILE ... --npm package-lock.json --uv uv.lock

    OUT/empty/                 nothing
    OUT/monorepo/svc-NNN/      1,000 lockfiles, about 100 MB: the small ones in turn, large ones in place of the last
                               ones until the size is reached; each copy has one package moved by one version
    OUT/bom/{old,new}.cdx.json CycloneDX 1.5, 5,000 components each: 50 versions changed, 10 gone, 10 new
    OUT/big/                   --npm and --uv as they are
"""

import argparse
import hashlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path

COPIES = 1000
MONOREPO_BYTES = 100_000_000
COMPONENTS, CHANGED, GONE = 5000, 50, 10

# Where a lockfile says a package's name and version, one pattern a format; the groups are name and version.
TOML_HEAD = re.compile(r'^name = "([^"]+)"\nversion = "([^"]+)"', re.M)
NPM_HEAD = re.compile(r'^ {4}"(?:[^"\n]*node_modules/)([^"\n]+)": \{\n(?: {6}"name": [^\n]*\n)? {6}"version": "([^"]+)"', re.M)
NPM_V1_HEAD = re.compile(r'^ +"([^"\n]+)": \{\n +"version": "(\d[^"]*)"', re.M)
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.M)
ECOSYSTEM = {"Cargo.lock": "cargo", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm"}


def heads(path, text):
    """The packages of a lockfile that no other line names together with their version."""
    if path.suffix == ".json":
        pattern = NPM_HEAD if '"packages": {' in text else NPM_V1_HEAD
    else:
        pattern = PIN if path.suffix == ".txt" else TOML_HEAD
    found = list(pattern.finditer(text))
    names = [head[1] for head in found]
    # Where a name is locked twice, Cargo.lock and uv.lock tell its versions apart in every edge: leave those alone.
    counts = Counter(names)
    # poetry.lock repeats a dependency's requirement: a version that one pins exactly must stay.
    exact = set(re.findall(r'^([A-Za-z0-9][\w.-]*) = .*"=*(\d[\w.]*)"', text, re.M)) if path.name == "poetry.lock" else set()
    pinned = {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in exact}
    return [head for head in found
            if counts[head[1]] == 1 and re.search(r"\d$", head[2]) and (head[1], head[2]) not in pinned]


def next_version(version):
    """The version after this one: its last number, one more."""
    return re.sub(r"\d+$", lambda number: str(int(number[0]) + 1), version)


def moved(text, head):
    """A lockfile with one package at its next version, its files' names and addresses with it."""
    after = text.find("[[package]]", head.end()) if text[head.start():].startswith("name = ") else text.find("},", head.end())
    end = after if after >= 0 else len(text)
    start, stop = head.span(2)
    version = next_version(head[2])
    return text[:start] + version + re.sub(rf"(?<=-){re.escape(head[2])}(?=[-.])", version, text[stop:end]) + text[end:]


def monorepo(out, small, large):
    """Writes the thousand lockfiles and says how many bytes they are."""
    texts = {path: path.read_text() for path in [*small, *large]}
    found = {path: heads(path, text) for path, text in texts.items()}
    plan = [small[number % len(small)] for number in range(COPIES)]
    size = sum(len(texts[path].encode()) for path in plan)
    for step in range(COPIES):
        place, path = COPIES - 1 - step, large[step % len(large)] if large else None
        gain = len(texts[path].encode()) - len(texts[plan[place]].encode()) if path else 0
        if path is None or size + gain > MONOREPO_BYTES:
            break
        plan[place], size = path, size + gain
    for number, path in enumerate(plan):
        text, packages = texts[path], found[path]
        head = packages[number * 7919 % len(packages)]
        folder, name = out / f"svc-{number:03}", "requirements.txt" if path.suffix == ".txt" else path.name
        folder.mkdir(parents=True)
        (folder / name).write_text(moved(text, head))
    return size


def components(lockfiles):
    """Packages of the real lockfiles, in order, none twice; made-up companions where they are too few."""
    found = {}
    for path in lockfiles:
        ecosystem = ECOSYSTEM.get(path.name, "pypi")
        for head in heads(path, path.read_text()):
            found.setdefault((ecosystem, head[1]), head[2])
    real = sorted(found.items())
    packages = real[: COMPONENTS + GONE]
    for number in range(COMPONENTS + GONE - len(packages)):
        (ecosystem, name), version = real[number % len(real)]
        packages.append(((ecosystem, f"{name}-part{number // len(real)}"), version))
    return packages


def requirements(packages):
    """What each package of the whole list requires, by (ecosystem, name): up to four that stand after it."""
    found = {}
    for number, (key, _) in enumerate(packages):
        seed = int(hashlib.sha256(key[1].encode()).hexdigest()[:8], 16)
        below = [number + 1 + (seed >> shift) % 97 for shift in range(0, 4 * (seed % 5), 4)]
        found[key] = {packages[one][0] for one in below if one < len(packages)}
    return found


def purl(package):
    """A package's purl."""
    (ecosystem, name), version = package
    return f"pkg:{ecosystem}/{name.replace('@', '%40')}@{version.replace('+', '%2B')}"


def bom(packages, required):
    """A CycloneDX document of these packages and of the edges between them."""
    refs = {package[0]: purl(package) for package in packages}
    entries, edges = [], []
    for key, version in packages:
        ref = refs[key]
        entries.append({"type": "library", "bom-ref": ref, "name": key[1], "version": version, "scope": "required",
                        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(ref.encode()).hexdigest()}],
                        "licenses": [{"license": {"id": ["MIT", "Apache-2.0", "BSD-3-Clause"][len(key[1]) % 3]}}],
                        "purl": ref})
        edges.append({"ref": ref, "dependsOn": sorted(refs[one] for one in required[key] if one in refs)})
    top = {"type": "application", "bom-ref": "bench", "name": "bench", "version": "1.0.0"}
    edges.insert(0, {"ref": "bench", "dependsOn": sorted(list(refs.values())[:40])})
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": top},
            "components": entries, "dependencies": edges}


def boms(out, lockfiles):
    """Writes the two documents."""
    packages = components(lockfiles)
    required = requirements(packages)
    step = len(packages) // GONE
    arrived = set(range(3, len(packages), step))       # only in the new one
    left = set(range(step // 2, len(packages), step))  # only in the old one
    old = [package for number, package in enumerate(packages) if number not in arrived]
    new = [package for number, package in enumerate(packages) if number not in left]
    known = set(old)
    shared = [number for number, package in enumerate(new) if package in known]
    for number in shared[:: len(shared) // CHANGED][:CHANGED]:
        new[number] = (new[number][0], next_version(new[number][1]))
    out.mkdir(parents=True)
    for name, chosen in (("old", old), ("new", new)):
        (out / f"{name}.cdx.json").write_text(json.dumps(bom(chosen, required), indent=2) + "\n")
    return len(old), len(new), len(arrived), len(left)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--small", nargs="+", type=Path, required=True)
    parser.add_argument("--large", nargs="*", type=Path, default=[])
    parser.add_argument("--npm", type=Path, required=True)
    parser.add_argument("--uv", type=Path, required=True)
    arguments = parser.parse_args()
    for part in ("monorepo", "bom", "big", "empty"):
        shutil.rmtree(arguments.out / part, ignore_errors=True)
    (arguments.out / "empty").mkdir(parents=True)
    size = monorepo(arguments.out / "monorepo", arguments.small, arguments.large)
    print(f"monorepo: {COPIES} lockfiles, {size / 1e6:.1f} MB")
    old, new, arrived, left = boms(arguments.out / "bom", [*arguments.small, *arguments.large, arguments.npm, arguments.uv])
    print(f"bom: {old} and {new} components, {CHANGED} changed, {left} gone, {arrived} new")
    for path in (arguments.npm, arguments.uv):
        target = arguments.out / "big" / path.name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
        print(f"big/{path.name}: {path.stat().st_size / 1e6:.2f} MB, {len(heads(path, path.read_text()))} names once")


if __name__ == "__main__":
    main()
