#!/usr/bin/env python3
"""Holds driftgate's graphs to what the package managers themselves say of the same lockfiles.

    compare_with_tools.py --driftgate target/release/driftgate --projects DIR [--projects DIR ...]
    compare_with_tools.py --truth-only --projects DIR

Finds every lockfile under the given folders, asks `driftgate sbom` and the tool that owns the format for its packages
and edges, and prints what one has and the other lacks. Names are compared in their ecosystem's normal form, a package
as (name, version), an edge as (package, package); copies of one package at several places are one package.

    Cargo.lock         cargo metadata; where the sources cannot be had, the lock as Python's tomllib reads it
    uv.lock            uv tree --universal --format json
    poetry.lock        poetry's own Locker, run by poetry's own interpreter
    package-lock.json  npm query and npm ls --package-lock-only
    requirements*.txt  the `# via` comments that pip-compile and uv pip compile wrote

A difference is a failure unless a rule below explains it; each rule names its reason where it is made (`maybe`,
`choices`). Exits 0 when all agree, 1 on any difference that no rule explains, 2 when there was nothing to compare.
Needs the Python 3.11 standard library and, for each format found, its tool; a tool that cannot answer is a failure.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

LOCKFILES = {"Cargo.lock": "cargo", "uv.lock": "uv", "poetry.lock": "poetry", "package-lock.json": "npm",
             "npm-shrinkwrap.json": "npm"}
SKIPPED_FOLDERS = {"node_modules", "target"}  # and hidden ones
PURL_TYPE = {"cargo": "cargo", "uv": "pypi", "poetry": "pypi", "requirements": "pypi", "npm": "npm"}
EXAMPLES = 20


class NoTruth(Exception):
    """The tool could not answer; the text says why."""


@dataclass
class Graph:
    """Packages as (name, version) and edges between them."""
    packages: set = field(default_factory=set)
    edges: set = field(default_factory=set)
    source: str = ""
    # What the other side may have or lack: an item and why. Only these explain a difference.
    maybe: dict = field(default_factory=dict)
    # Edges that the file leaves ambiguous: of each group one or more are drawn, or driftgate says that it drew none.
    choices: list = field(default_factory=list)
    # What driftgate says it could not tell: pairs of names, or (None, name) of a package without a version.
    gaps: set = field(default_factory=set)

    def edge(self, above, below):
        """Adds an edge; one from a package to itself (an extra of its own, a dev cycle) says nothing here."""
        if above != below:
            self.edges.add((above, below))


def command(arguments, folder, needs_success=True):
    """What a command prints on stdout."""
    try:
        done = subprocess.run([str(argument) for argument in arguments], cwd=folder, capture_output=True, text=True,
                              timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoTruth(f"{arguments[0]}: {error}") from error
    if done.returncode and needs_success:
        last = [line for line in done.stderr.splitlines() if line.strip()][-3:]
        raise NoTruth(f"{Path(str(arguments[0])).name} exited {done.returncode}: {' / '.join(last)[:300]}")
    return done.stdout


def json_of(arguments, folder, needs_success=True):
    """What a command prints, read as JSON."""
    text = command(arguments, folder, needs_success)
    try:
        return json.loads(text)
    except ValueError as error:
        raise NoTruth(f"{arguments[0]}: not JSON ({error})") from error


def pep503(name):
    """A Python package's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


# ── the tools ────────────────────────────────────────────────────────────────────────────────────────────────────────

def cargo_truth(lockfile):
    """`cargo metadata` with all features, every platform and every kind of dependency."""
    arguments = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    try:
        try:
            metadata = json_of([*arguments, "--offline"], lockfile.parent)
        except NoTruth:
            metadata = json_of(arguments, lockfile.parent)
    except NoTruth as error:
        return cargo_lock_as_read(lockfile, str(error))
    package = {one["id"]: (one["name"], one["version"]) for one in metadata["packages"]}
    truth = Graph(source="cargo metadata")
    for node in metadata["resolve"]["nodes"]:
        truth.packages.add(package[node["id"]])
        for below in node["deps"]:
            truth.edge(package[node["id"]], package[below["pkg"]])
    return truth


def cargo_lock_as_read(lockfile, why):
    """The lock itself, where cargo has no manifests or sources beside it (a fixture, a packaged crate)."""
    packages = tomllib.loads(lockfile.read_text())["package"]
    versions = defaultdict(list)
    for package in packages:
        versions[package["name"]].append(package["version"])
    truth = Graph(source=f"Cargo.lock read by tomllib, as cargo cannot answer: {why[:90]}")
    for package in packages:
        this = (package["name"], package["version"])
        truth.packages.add(this)
        for dependency in package.get("dependencies", []):
            name, *rest = dependency.split(" ")
            truth.edge(this, (name, rest[0] if rest else versions[name][0]))
    return truth


def uv_truth(lockfile):
    """`uv tree` as JSON: every extra and group is a node of its own there, folded into its package here."""
    tree = json_of(["uv", "tree", "--universal", "--all-groups", "--format", "json", "--frozen", "--offline"],
                   lockfile.parent)
    nodes = {key: (pep503(node["name"]), node.get("version"))
             for key, node in tree["resolution"].items() if node["kind"] != "workspace"}
    truth = Graph(source="uv tree --universal")
    for key, this in nodes.items():
        truth.packages.add(this)
        for below in tree["resolution"][key].get("dependencies", []):
            truth.edge(this, nodes[below["id"]])
    return truth


POETRY_SCRIPT = """
import json, sys, tomllib
from pathlib import Path
from poetry.core.version.markers import AnyMarker, union
from poetry.packages.locker import Locker
lock = Path(sys.argv[1])
project = lock.parent / "pyproject.toml"
locker = Locker(lock, tomllib.loads(project.read_text()) if project.exists() else {})
packages = locker.locked_repository().packages
# Since lock version 2.1 each package says under which markers it is installed: an edge that no environment has is none.
marked = locker.lock_data["metadata"]["lock-version"] not in ("1.0", "1.1", "2.0")
markers = {(one.name, one.version.text): union(*info.markers.values()) if info.markers else AnyMarker()
           for one, info in locker.locked_packages().items()} if marked else {}
marker = lambda package: markers.get((package.name, package.version.text), AnyMarker())
def meet(package, dependency, candidate):
    both = marker(package).intersect(marker(candidate))
    return not both.intersect(dependency.marker.without_extras()).is_empty()
def candidates(package, dependency):
    fit = [one for one in packages if one.name == dependency.name and dependency.constraint.allows(one.version)]
    return [one for one in fit if len(fit) == 1 or meet(package, dependency, one)]
print(json.dumps({"marked": marked, "packages": [
    {"name": package.name, "version": package.version.text,
     "requires": [[[one.name, one.version.text] for one in candidates(package, dependency)]
                  for dependency in package.requires]}
    for package in packages]}))
"""


def poetry_truth(lockfile):
    """poetry's own Locker. Its `show --tree` prints the same, but a name without the version that it leads to."""
    poetry = shutil.which("poetry")
    if poetry is None:
        raise NoTruth("poetry: not found")
    if not (interpreter := shebang(poetry)):
        # A shim (pyenv's, say): ask it where the real one is.
        interpreter = shebang(command(["pyenv", "which", "poetry"], lockfile.parent).strip())
    answer = json_of([interpreter, "-c", POETRY_SCRIPT, lockfile.resolve()], lockfile.parent)
    truth = Graph(source="poetry's Locker")
    for package in answer["packages"]:
        this = (pep503(package["name"]), package["version"])
        truth.packages.add(this)
        for candidates in package["requires"]:
            below = [(pep503(name), version) for name, version in candidates]
            for one in below if answer["marked"] else []:
                truth.edge(this, one)
            if not answer["marked"]:
                draw(truth, [this], below)
    # poetry.lock does not hold the project itself; a reader that joins pyproject.toml may add it.
    if (root := python_root(lockfile.parent)) is not None:
        truth.maybe[root] = "the project itself is in pyproject.toml, not in poetry.lock"
    return truth


def shebang(script):
    """The Python that runs a script, or nothing where another program does."""
    first = Path(script).resolve().read_text(errors="replace").splitlines()[0]
    interpreter = first.removeprefix("#!").strip()
    return interpreter if "python" in Path(interpreter).name and " " not in interpreter else ""


def python_root(folder):
    """The name and version that a pyproject.toml gives its project."""
    path = folder / "pyproject.toml"
    if not path.exists():
        return None
    data = tomllib.loads(path.read_text())
    project = data.get("project") or data.get("tool", {}).get("poetry") or {}
    return (pep503(project["name"]), project.get("version")) if "name" in project else None


def draw(truth, above, below):
    """An edge where both ends are one package, a choice where the file names several that would do."""
    pairs = {(one, other) for one in above for other in below if one != other}
    if len(pairs) == 1:
        truth.edges |= pairs
    elif pairs:
        truth.choices.append(frozenset(pairs))


def npm_truth(lockfile):
    """`npm query` for packages and edges by place, `npm ls` for the edges to linked folders, which query leaves out."""
    flags = ["--package-lock-only", "--loglevel=error"]
    listed = {node["location"]: node for node in json_of(["npm", "query", "*", *flags], lockfile.parent)}
    package = {place: (node["name"], node.get("version")) for place, node in listed.items()}
    truth = Graph(source="npm query and npm ls", packages=set(package.values()))
    for place, node in listed.items():
        for above in node["from"]:
            truth.edge(package[above], package[place])
    # A workspace or a file: folder stands outside node_modules; query shows no edge to the link that leads to it.
    local = {package[place] for place in listed if place and "node_modules/" not in f"{place}/"}
    tree = json_of(["npm", "ls", "--all", "--json", *flags], lockfile.parent, needs_success=False)
    trees = [((tree.get("name"), tree.get("version")), tree)]
    while trees:
        this, node = trees.pop()
        for name, below in node.get("dependencies", {}).items():
            # An optional or peer that is not there has no version; an extraneous one hangs under its folder's owner.
            if "version" in below and not below.get("extraneous"):
                if (name, below["version"]) in local:
                    truth.edge(this, (name, below["version"]))
                trees.append(((name, below["version"]), below))
    lock = json.loads(lockfile.read_text())
    root = lock.get("packages", {}).get("", {})
    for edge in truth.edges:
        # npm links each workspace at the root and shows an edge to it, whether or not package.json requires it.
        if edge[0] == package.get("") and edge[1] in local and not any(
                edge[1][0] in root.get(part, {}) for part in ("dependencies", "devDependencies", "optionalDependencies")):
            truth.maybe[edge] = "a workspace is a member of the project, not its requirement"
    if lock.get("lockfileVersion", 1) == 1:
        # A v1 lock does not say what the project itself asks for: npm reads that in package.json.
        for edge in truth.edges:
            if edge[0] == package.get(""):
                truth.maybe[edge] = "a v1 lock does not hold the project's own requirements"
    return truth


PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(===?|@)\s*([^\s;\\#]+)")


def requirements_truth(lockfile):
    """The pins and the `# via` comments of a compiled file, read by lines."""
    lines = lockfile.read_text().splitlines()
    if not any("autogenerated by" in line for line in lines[:4]):
        return None
    versions, via, name = defaultdict(list), [], None
    version = None
    for line in lines:
        code, _, comment = line.partition("#") if not PIN.match(line) else split_comment(line)
        if pin := PIN.match(code):
            name, version = pep503(pin[1]), None if pin[2] == "@" else pin[3]
            versions[name].append(version)
        text = comment.strip()
        if name is None or not text or not (line[:1].isspace() or pin):
            continue
        text = text.removeprefix("via").strip() if text == "via" or text.startswith("via ") else text
        for item in filter(None, (item.strip() for item in text.split(","))):
            via.append((item, name, version))
    truth = Graph(source="# via comments")
    for name, all_versions in versions.items():
        truth.packages |= {(name, version) for version in all_versions}
    for item, name, version in via:
        # `-r file`, `-c file` and `project (pyproject.toml)` name what asked from outside the file, not a pin.
        above = pep503(re.sub(r"\[.*", "", item).split(" ")[0])
        if item.startswith("-") or "(" in item or above not in versions:
            continue
        draw(truth, [(above, one) for one in versions[above]], [(name, version)])
    if (root := python_root(lockfile.parent)) is not None:
        truth.maybe[root] = "the project itself is in pyproject.toml, not in the compiled file"
    return truth


def split_comment(line):
    """A requirement and its comment; pip wants white space before the `#`, as a URL may hold one."""
    parts = re.split(r"\s#\s?", line, maxsplit=1)
    return parts[0], "#", parts[1] if len(parts) > 1 else ""


TRUTHS = {"cargo": cargo_truth, "uv": uv_truth, "poetry": poetry_truth, "npm": npm_truth,
          "requirements": requirements_truth}


# ── driftgate ────────────────────────────────────────────────────────────────────────────────────────────────────────

def read_purl(purl, kind):
    """The name and version of a purl, its type checked."""
    body = purl.removeprefix("pkg:").split("#")[0].split("?")[0]
    type_, _, rest = body.partition("/")
    if type_ != PURL_TYPE[kind]:
        raise NoTruth(f"a {type_} purl in a {kind} lockfile: {purl}")
    # The version's @ is the last one; an npm scope's own is percent-encoded, or stands first.
    path, at, version = rest.rpartition("@")
    if not at or not path:
        path, version = rest, None
    name = "/".join(unquote(part) for part in path.split("/"))
    return (pep503(name) if PURL_TYPE[kind] == "pypi" else name, unquote(version) if version else None)


def driftgate_graph(driftgate, lockfile, kind):
    """What driftgate's CycloneDX of one lockfile says."""
    done = subprocess.run([driftgate, "sbom", str(lockfile), "--format", "cyclonedx-json", "-o", "-"],
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise NoTruth(f"driftgate exited {done.returncode}: {done.stderr.strip()[-400:]}")
    bom = json.loads(done.stdout)
    graph, package, problems = Graph(), {}, []
    components = list(bom.get("components", []))
    if "component" in bom.get("metadata", {}):
        components.append(bom["metadata"]["component"])
    for component in [*components, *bom.get("metadata", {}).get("component", {}).get("components", [])]:
        for gap in (one["value"] for one in component.get("properties", []) if one["name"] == "driftgate:gap"):
            name, *parts = gap.split(" | ")
            above = [read_purl(part.removeprefix("from="), kind)[0] for part in parts if part.startswith("from=")]
            graph.gaps.add((above[0] if above else None, pep503(name) if PURL_TYPE[kind] == "pypi" else name))
    for component in components:
        subject = any(one.get("name") == "driftgate:subject" for one in component.get("properties", []))
        if "purl" not in component:
            if not subject and component.get("type") != "file" and component in bom.get("components", []):
                problems.append(f"component without a purl: {component.get('name')}")
            continue
        this = read_purl(component["purl"], kind)
        package[component["bom-ref"]] = this
        graph.packages.add(this)
        said = "/".join(filter(None, [component.get("group"), component["name"]]))
        said = pep503(said) if PURL_TYPE[kind] == "pypi" else said
        if said != this[0] or (component.get("version") or None) != this[1]:
            problems.append(f"{component['purl']} is called {said} {component.get('version')}")
    for node in bom.get("dependencies", []):
        if node["ref"] in package:
            for below in node.get("dependsOn", []):
                if below in package:
                    graph.edge(package[node["ref"]], package[below])
    return graph, problems


# ── the comparison ───────────────────────────────────────────────────────────────────────────────────────────────────

def without_unknown_versions(truth, found):
    """Where the tool knows no version (git, a path, a dynamic one), the one that driftgate gives counts as said."""
    named = defaultdict(set)
    for name, version in found.packages:
        named[name].add(version)
    known = {name for name, version in truth.packages if version is not None}
    renamed = {(name, None): (name, next(iter(named[name]))) for name, version in truth.packages
               if version is None and name not in known and len(named[name]) == 1}
    swap = lambda package: renamed.get(package, package)
    return Graph({swap(one) for one in truth.packages}, {(swap(a), swap(b)) for a, b in truth.edges}, truth.source,
                 truth.maybe, [frozenset((swap(a), swap(b)) for a, b in group) for group in truth.choices])


def compare(truth, found):
    """(missing, extra) for packages and edges, and what a rule explained."""
    explained = Counter()

    def unexplained(items):
        left = []
        for item in items:
            if item in truth.maybe:
                explained[truth.maybe[item]] += 1
            elif item and isinstance(item[0], tuple) and item[0] in truth.maybe:
                explained[f"an edge of a package that may be left out: {truth.maybe[item[0]]}"] += 1
            else:
                left.append(item)
        return sorted(left, key=str)

    ambiguous = set().union(*truth.choices) if truth.choices else set()
    untold = []
    for group in truth.choices:
        if group & found.edges:
            explained["edge that the file leaves ambiguous: some of its candidates are drawn"] += 1
        elif any((above[0], below[0]) in found.gaps for above, below in group):
            explained["edge that the file leaves ambiguous: none is drawn, and driftgate says so"] += 1
        else:
            untold.append(min(group, key=str))
    lacked = truth.packages - found.packages
    for package in list(lacked):
        # A git tag or an address pins no version; driftgate reports such a requirement in place of a component.
        if package[1] is None and (None, package[0]) in found.gaps:
            explained["requirement without a version: not a component, and driftgate says so"] += 1
            lacked.remove(package)
    return (unexplained(lacked), unexplained(found.packages - truth.packages),
            unexplained(truth.edges - found.edges) + untold, unexplained(found.edges - truth.edges - ambiguous), explained)


def shown(item):
    """A package or an edge on one line."""
    if isinstance(item[0], tuple):
        return f"{shown(item[0])} -> {shown(item[1])}"
    return f"{item[0]}@{item[1]}"


def lockfiles(folder):
    """Every lockfile under a folder (or the one file), and its kind, in order."""
    if folder.is_file():
        paths = [folder]
    else:
        paths = []
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(one for one in folders if one not in SKIPPED_FOLDERS and not one.startswith("."))
            paths += [Path(place, name) for name in sorted(names)]
    for path in paths:
        if path.name == "package-lock.json" and (path.parent / "npm-shrinkwrap.json").exists():
            continue  # npm reads the shrinkwrap alone
        if path.name in LOCKFILES:
            yield path, LOCKFILES[path.name]
        elif re.fullmatch(r"requirements[\w.-]*\.txt", path.name):
            yield path, "requirements"


def report(driftgate, lockfile, kind, shown_path):
    """Compares one lockfile and prints it. True: agreed, False: differs, None: no tool wrote it, nothing to hold to."""
    try:
        truth = TRUTHS[kind](lockfile)
        if truth is None:
            print(f"skip  {shown_path}: no tool wrote it, so there is no truth to hold it to")
            return None
        if driftgate is None:
            more = f" and {len(truth.choices)} ambiguous" if truth.choices else ""
            print(f"truth {shown_path}: {len(truth.packages)} packages, {len(truth.edges)} edges{more}  ({truth.source})")
            return True
        found, problems = driftgate_graph(driftgate, lockfile, kind)
    except (NoTruth, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        print(f"FAIL  {shown_path}: {type(error).__name__}: {error}")
        return False
    truth = without_unknown_versions(truth, found)
    *differences, explained = compare(truth, found)
    good = not any(differences) and not problems
    print(f"{'pass' if good else 'FAIL'}  {shown_path}: {len(truth.packages)} packages and {len(truth.edges)} edges by "
          f"{truth.source}; {len(found.packages)} and {len(found.edges)} by driftgate")
    for reason, count in sorted(explained.items()):
        print(f"      explained, {count}: {reason}")
    for title, items in zip(["packages driftgate lacks", "packages only driftgate has", "edges driftgate lacks",
                             "edges only driftgate has"], differences):
        if items:
            print(f"      {len(items)} {title}:")
            for item in items[:EXAMPLES]:
                print(f"        {shown(item)}")
    for problem in problems[:EXAMPLES]:
        print(f"      {problem}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driftgate", help="the binary to test")
    parser.add_argument("--projects", action="append", type=Path, required=True, help="a folder or one lockfile")
    parser.add_argument("--truth-only", action="store_true", help="print what the tools say and stop there")
    arguments = parser.parse_args()
    if not arguments.truth_only and not arguments.driftgate:
        parser.error("--driftgate or --truth-only is needed")
    driftgate = None if arguments.truth_only else str(Path(arguments.driftgate).resolve())
    results = Counter()
    for folder in arguments.projects:
        for lockfile, kind in lockfiles(folder):
            shown_path = lockfile.relative_to(folder) if folder.is_dir() else lockfile.name
            results[report(driftgate, lockfile, kind, shown_path)] += 1
            sys.stdout.flush()
    print(f"{results[True]} passed, {results[False]} failed" + (f", {results[None]} skipped" if results[None] else ""))
    return 1 if results[False] else 0 if results[True] else 2


if __name__ == "__main__":
    sys.exit(main())
