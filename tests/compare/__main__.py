"""Holds driftgate's graphs to what the package managers themselves say of the same lockfiles.

    python3 tests/compare --driftgate target/release/driftgate --projects DIR [--projects DIR ...]
    python3 tests/compare --truth-only --projects DIR

Finds every lockfile under the given folders, asks `driftgate sbom` and the tool that owns the format for its packages
and edges, and prints what one has and the other lacks. Names are compared in their ecosystem's normal form, a package
as (name, version), an edge as (package, package); copies of one package at several places are one package.

    Cargo.lock         cargo metadata; where the sources cannot be had, the lock as Python's tomllib reads it
    uv.lock            uv tree --universal --format json
    poetry.lock        poetry's own Locker, run by poetry's own interpreter
    package-lock.json  npm query and npm ls --package-lock-only
    requirements*.txt  the `# via` comments that pip-compile and uv pip compile wrote
    pnpm-lock.yaml     pnpm ls -r --depth Infinity --lockfile-only (of locks before 9 with `pnpm-8`)
    yarn.lock          yarn 1: yarn list, its patterns answered by the lock's keys; later ones: yarn info -AR --virtuals
    bun.lock           bun why '*'
    deno.lock          deno info of a module that imports what the lock's specifiers name; npm's packages alone
    pdm.lock           pdm's own locked repository, run by pdm's own interpreter
    Pipfile.lock       pipenv requirements: packages alone, as the lock holds no edges
    pixi.lock          rattler (`py-rattler`), run by the interpreter that `--tool rattler=` gives
    conda-lock.yml     conda-lock's own reader, run by the interpreter that `--tool conda-lock=` gives
    pylock.toml        packaging.pylock, run by the interpreter that `--tool packaging=` gives
    pip-inspect.json, pip-report.json
                       each Requires-Dist held by `packaging` to the environment that pip wrote beside it
    Gemfile.lock, gems.locked
                       Bundler's own LockfileParser, each name answered on each of the lock's platforms
    composer.lock, vendor/composer/installed.json
                       composer show [--locked], flat and as a tree; composer show --self
    cabal.project.freeze
                       cabal build --dry-run, its plan.json: packages alone, as the freeze holds no edges
    stack.yaml.lock    stack ls dependencies json: packages alone
    mix.lock           Mix's own lock, Hex's reading of it, and what Mix loaded of the packages
    rebar.lock         rebar3 tree, of git the commit checked out: packages alone
    flake.lock         nix flake metadata, its tree
    Package.resolved   swift package show-dependencies: packages alone
    renv.lock          renv::lockfile_read, and R's own package_dependencies over it
    conan.lock         Conan 2: conan graph info; Conan 1 (`conan-1`): conan info
    go.mod             go list -m of what go mod edit -json reads
    go-mod-graph*.txt  go list -m all, and go mod edit of each module's go.mod
    vendor/modules.txt go list -mod=vendor ...: packages alone
    go.work            go list -m in the workspace
    *.go-program       go version -m -json of a program (Go 1.25 or later)
    *dependency-tree*.txt, .dot, .json
                       mvn dependency:tree -DoutputType=tgf of the pom.xml beside it; `verbose` in the name: -Dverbose
    pom.xml            Maven's own model builder (`Pom.java`), parents and imported BOMs taken for empty

A difference is a failure unless a rule explains it; each rule names its reason where it is made (`maybe`,
`choices`). Exits 0 when all agree, 1 on any difference that no rule explains, 2 when there was nothing to compare.
Needs the Python 3.11 standard library and, for each format found, its tool; a tool that cannot answer is a failure.
`--tool NAME=COMMAND` says where a tool is that is not called so on the path (`TOOLS` has the names).
"""

import argparse
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from driftgate import driftgate_graph
from graph import TOOLS, Graph, NoTruth
from kinds import lockfiles

EXAMPLES = 20


def without_unknown_versions(truth, found):
    """Where the tool knows no version (git, a path, a dynamic one), the one that driftgate gives counts as said."""
    named = defaultdict(set)
    for name, version in found.packages:
        named[name].add(version)
    known = {name for name, version in truth.packages if version is not None}
    renamed = {(name, None): (name, next(iter(named[name]))) for name, version in truth.packages
               if version is None and name not in known and len(named[name]) == 1}
    swap = lambda package: renamed.get(package, package)
    both = lambda item: tuple(map(swap, item)) if isinstance(item[0], tuple) else swap(item)
    return Graph({swap(one) for one in truth.packages}, {both(edge) for edge in truth.edges}, truth.source,
                 {both(item): why for item, why in truth.maybe.items()},
                 [frozenset(map(both, group)) for group in truth.choices], truth.of_root)


def compare(truth, found):
    """(missing, extra) for packages and edges, and what a rule explained."""
    explained = Counter()

    def unexplained(items):
        left = []
        for item in items:
            if item in truth.maybe:
                explained[truth.maybe[item]] += 1
            elif item[0] in truth.of_root and item[0] not in found.packages:
                explained[f"its edges: {truth.maybe[item[0]]}"] += 1
            else:
                left.append(item)
        return sorted(left, key=str)

    ambiguous = set().union(*truth.choices) if truth.choices else set()
    untold = []
    for group in truth.choices:
        if all(above in truth.of_root and above not in found.packages for above, _ in group):
            continue
        if group & found.edges:
            explained["edge that the file or its tool leaves ambiguous: some of its candidates are drawn"] += 1
        elif any((above[0], below[0]) in found.gaps for above, below in group):
            explained["edge that the file or its tool leaves ambiguous: none is drawn, and driftgate says so"] += 1
        else:
            untold.append(min(group, key=str))
    lacked = truth.packages - found.packages
    for package in list(lacked):
        # A git tag or an address pins no version; driftgate reports such a requirement in place of a component.
        if package[1] is None and (None, package[0]) in found.gaps:
            explained["requirement without a version: not a component, and driftgate says so"] += 1
            lacked.remove(package)
    return (unexplained(lacked), unexplained(found.packages - truth.packages),
            unexplained(truth.edges - found.edges) + untold, unexplained(found.edges - truth.edges - ambiguous),
            explained)


def shown(item):
    """A package or an edge on one line."""
    if isinstance(item[0], tuple):
        return f"{shown(item[0])} -> {shown(item[1])}"
    return f"{item[0]}@{item[1]}"


def report(driftgate, lockfile, kind, shown_path):
    """Compares one lockfile and prints it. True: agreed, False: differs, None: no tool wrote it, nothing to hold to."""
    try:
        truth = kind.truth(lockfile)
        if truth is None:
            print(f"skip  {shown_path}: no tool wrote it, so there is no truth to hold it to")
            return None
        if driftgate is None:
            more = f" and {len(truth.choices)} ambiguous" if truth.choices else ""
            print(f"truth {shown_path}: {len(truth.packages)} packages, {len(truth.edges)} edges{more}  "
                  f"({truth.source})")
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
    titles = ["packages driftgate lacks", "packages only driftgate has", "edges driftgate lacks",
              "edges only driftgate has"]
    for title, items in zip(titles, differences, strict=True):
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
    parser.add_argument("--tool", action="append", default=[], metavar="NAME=COMMAND", help="where a tool is")
    parser.add_argument("--truth-only", action="store_true", help="print what the tools say and stop there")
    arguments = parser.parse_args()
    if not arguments.truth_only and not arguments.driftgate:
        parser.error("--driftgate or --truth-only is needed")
    for name, _, text in (tool.partition("=") for tool in arguments.tool):
        if name not in TOOLS:
            parser.error(f"--tool {name}: one of {', '.join(TOOLS)}")
        TOOLS[name] = shlex.split(text)
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
