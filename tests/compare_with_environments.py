#!/usr/bin/env python3
"""Holds driftgate's graphs of installed environments to what the package managers say of the same environments.

    compare_with_environments.py --driftgate target/release/driftgate ENVIRONMENT [ENVIRONMENT ...]

An environment is a folder: a Python one (with `bin/python`, or a folder that `pip install --target` filled), or an npm or
pnpm project with its `node_modules`. Packages are compared as (name, version), edges as (package, package); for Python also
what was requested, direct_url.json and licences.

    Python   pip inspect; edges are its metadata.requires_dist, evaluated by pip's own copy of packaging
    npm      npm query and npm ls
    pnpm     pnpm ls, whose path is given by --pnpm

Run by hand. Exits 0 when all agree, 1 on any difference, 2 when there was nothing to compare.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote

EXAMPLES = 25


def run(arguments, folder=None, needs_success=True, **more):
    """What a command prints on stdout, as JSON."""
    done = subprocess.run([str(one) for one in arguments], cwd=folder, capture_output=True, text=True, timeout=600, **more)
    if done.returncode and needs_success:
        raise SystemExit(f"{arguments[0]} exited {done.returncode}: {done.stderr[-600:]}")
    return json.loads(done.stdout)


def pep503(name):
    return re.sub(r"[-_.]+", "-", name).lower()


# What is asked for by extras counts where all of it is installed: the same rule as driftgate's, told independently.
PIP = r"""
import json, re, sys
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.markers import default_environment
report = json.load(sys.stdin)
norm = lambda name: re.sub(r"[-_.]+", "-", name).lower()
environment = {**default_environment(), **(report["environment"] if len(sys.argv) < 2 else {})}
found = {norm(one["metadata"]["name"]): one for one in report["installed"]}
met = lambda one: norm(one.name) in found and (bool(one.url) or one.specifier.contains(
    found[norm(one.name)]["metadata"]["version"], prereleases=True))
edges, missing, plainly = [], [], []
for name, one in found.items():
    asked = [Requirement(text) for text in one["metadata"].get("requires_dist", [])]
    holds = lambda requirement, extra: requirement.marker is None or requirement.marker.evaluate({**environment, "extra": extra})
    plain = [requirement for requirement in asked if holds(requirement, "")]
    for requirement in plain:
        if norm(requirement.name) == name: continue
        plainly.append(norm(requirement.name))
        (edges if norm(requirement.name) in found else missing).append([name, norm(requirement.name)])
    extras = {}
    for extra in one["metadata"].get("provides_extra", []):
        extras[norm(extra)] = [requirement for requirement in asked if requirement not in plain
                               and holds(requirement, extra)]
    def whole(extra, seen):
        if extra in seen: return []
        seen.add(extra)
        return [deep for requirement in extras.get(extra, []) for deep in (
            [requirement] if norm(requirement.name) != name
            else [d for other in requirement.extras for d in whole(norm(other), seen)])]
    for extra in extras:
        needs = whole(extra, set())
        if all(map(met, needs)):
            edges += [[name, norm(requirement.name)] for requirement in needs]
print(json.dumps({"edges": edges, "missing": missing, "required": plainly}))
"""


def python_truth(folder, python, target):
    command = [python, "-m", "pip", "inspect"] + (["--path", str(folder)] if target else ["--local"])
    report = run(command)
    done = subprocess.run([str(python), "-c", PIP], input=json.dumps(report), capture_output=True, text=True, check=True)
    graph = json.loads(done.stdout)
    package = {pep503(one["metadata"]["name"]): one["metadata"]["version"] for one in report["installed"]}
    key = lambda name: (name, package[name])
    truth = {"packages": {key(name) for name in package},
             "edges": {(key(a), key(b)) for a, b in graph["edges"] if a != b},
             "missing": {tuple(pair) for pair in graph["missing"]},
             "direct": {key(pep503(one["metadata"]["name"])) for one in report["installed"]
                        if one.get("requested") and one.get("installer") != "uv"},
             "required": {key(name) for name in graph["required"] if name in package},
             "origins": {}, "licences": {}}
    for one in report["installed"]:
        this, metadata = key(pep503(one["metadata"]["name"])), one["metadata"]
        if "direct_url" in one:
            truth["origins"][this] = one["direct_url"]["url"].removeprefix("file://")
        licence = metadata.get("license_expression") or metadata.get("license") or ""
        if licence and "\n" not in licence and len(licence) <= 120 and licence.lower() != "unknown":
            truth["licences"][this] = licence
    return truth


def read_purl(purl):
    kind, _, rest = purl.removeprefix("pkg:").split("#")[0].split("?")[0].partition("/")
    path, at, version = rest.rpartition("@")
    if not at or not path:
        path, version = rest, ""
    name = "/".join(unquote(part) for part in path.split("/"))
    return (pep503(name) if kind == "pypi" else name, unquote(version))


def driftgate(binary, folder):
    """What driftgate's CycloneDX of a folder says; the format of its own properties is docs of the output."""
    bom = run([binary, "sbom", str(folder), "--format", "cyclonedx-json", "-o", "-"])
    found = {"packages": set(), "edges": set(), "missing": set(), "origins": {}, "licences": {}, "direct": set()}
    package, bundled, subjects = {}, set(), set()
    for component in bom.get("components", []):
        properties = defaultdict(list)
        for one in component.get("properties", []):
            properties[one["name"]].append(one["value"])
        if "purl" not in component:
            subjects.add(component["bom-ref"])
            continue
        this = read_purl(component["purl"])
        package[component["bom-ref"]] = this
        if "true" in properties.get("bundled", []):
            bundled.add(component["bom-ref"])
            continue
        found["packages"].add(this)
        for licence in component.get("licenses", []):
            found["licences"][this] = licence.get("expression") or licence["license"].get("name") or licence["license"].get("id")
        for licence in properties["driftgate:licence"]:
            found["licences"][this] = licence
        for source in properties["driftgate:source"]:
            found["origins"][this] = source
    top = bom.get("metadata", {}).get("component", {})
    subjects |= {top.get("bom-ref")} | {one["bom-ref"] for one in top.get("components", [])}
    for node in bom.get("dependencies", []):
        below = {package[ref] for ref in node.get("dependsOn", []) if ref in package and ref not in bundled}
        if node["ref"] in subjects:
            found["direct"] |= below
        elif node["ref"] in package and node["ref"] not in bundled:
            found["edges"] |= {(package[node["ref"]], one) for one in below if one != package[node["ref"]]}
    return found, bom, package, bundled


def npm_truth(folder):
    nodes = {node["location"]: node for node in run(["npm", "query", "*", "--loglevel=error"], folder)}
    here = {place: (node["name"], node.get("version") or "") for place, node in nodes.items()}
    # A workspace's own folder stands outside of node_modules: its members are no installed packages.
    # What stands in a member's own node_modules is another subject.
    inside = {place for place in here if place.startswith("node_modules/") and not os.path.islink(folder / place)}
    truth = {"packages": {here[place] for place in inside}, "edges": set(), "direct": set()}
    for place in inside:
        for above in nodes[place]["from"]:
            if above in inside:
                truth["edges"].add((here[above], here[place]))
            elif above == "":
                truth["direct"].add(here[place])
    truth["edges"] = {(a, b) for a, b in truth["edges"] if a != b}
    return truth


def pnpm_truth(folder, pnpm):
    [tree] = run([pnpm, "ls", "--depth", "Infinity", "--json"], folder)
    truth = {"packages": set(), "edges": set(), "direct": set()}
    kinds = ("dependencies", "devDependencies", "optionalDependencies")
    open_ = [(None, tree)]
    while open_:
        above, node = open_.pop()
        for kind in kinds:
            for below in node.get(kind, {}).values():
                if not os.path.isdir(below["path"]):
                    continue  # for another platform
                this = (below["from"], below["version"])
                truth["packages"].add(this)
                if above is None:
                    truth["direct"].add(this)
                elif above != this:
                    truth["edges"].add((above, this))
                open_.append((this, below))
    return truth


def compare(label, truth, found):
    """Prints what differs; says whether nothing does."""
    lines = []
    for what, items in truth.items():
        other = found[what]
        if isinstance(items, dict):
            wrong = [f"{key}: {value} | {other.get(key)}" for key, value in items.items() if value not in str(other.get(key))]
            lines += [f"{what} differ: {one}" for one in sorted(wrong)[:EXAMPLES]]
            continue
        for title, left in (("driftgate lacks", items - other), ("only driftgate has", other - items)):
            if left:
                lines.append(f"{len(left)} {what} {title}:")
                lines += [f"    {one}" for one in sorted(left, key=str)[:EXAMPLES]]
    print(f"{'FAIL' if lines else 'pass'}  {label}: {len(truth['packages'])} packages, {len(truth['edges'])} edges")
    for line in lines:
        print(f"      {line}")
    return not lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driftgate", required=True)
    parser.add_argument("--python", default=sys.executable, help="the Python whose pip reads a folder of --target")
    parser.add_argument("--pnpm", default="pnpm")
    parser.add_argument("environments", nargs="+", type=Path)
    arguments = parser.parse_args()
    results = []
    for folder in arguments.environments:
        if (folder / "node_modules").is_dir():
            is_pnpm = (folder / "node_modules/.pnpm").is_dir()
            truth = pnpm_truth(folder, arguments.pnpm) if is_pnpm else npm_truth(folder)
            found, *_ = driftgate(arguments.driftgate, folder / "node_modules")
            # Without the project's package.json all that stands at the top counts as direct.
            truth.pop("direct")
        else:
            own = folder / "bin/python"
            is_target = not own.exists()
            python = own if own.exists() else arguments.python
            if subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode:
                # uv's environments have no pip of their own: another's reads theirs.
                [packages] = folder.glob("lib/python*/site-packages")
                truth = python_truth(packages, arguments.python, True)
            else:
                truth = python_truth(folder, python, is_target)
            found, bom, *_ = driftgate(arguments.driftgate, folder)
            gaps = json.dumps(bom).count("driftgate:gap\"")
            if len(truth.pop("missing")) != gaps:
                print(f"      {gaps} requirements without an answer")
            # What nothing requires counts as direct beside what was requested; extras of what was requested lead on.
            required = truth.pop("required")
            if truth["direct"]:
                found["direct"] &= truth["direct"] | required
            else:
                # Of what an extra may have asked for, nobody says whether it was asked for by name.
                by_extra = {below for _, below in truth["edges"]} - required
                truth["direct"] = truth["packages"] - required - by_extra
                found["direct"] -= by_extra
        results.append(compare(folder, truth, found))
    return 1 if not all(results) else 0 if results else 2


if __name__ == "__main__":
    sys.exit(main())
