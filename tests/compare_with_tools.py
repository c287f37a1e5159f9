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

A difference is a failure unless a rule below explains it; each rule names its reason where it is made (`maybe`,
`choices`). Exits 0 when all agree, 1 on any difference that no rule explains, 2 when there was nothing to compare.
Needs the Python 3.11 standard library and, for each format found, its tool; a tool that cannot answer is a failure.
`--tool NAME=COMMAND` says where a tool is that is not called so on the path (`TOOLS` has the names).
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

LOCKFILES = {"Cargo.lock": "cargo", "uv.lock": "uv", "poetry.lock": "poetry", "package-lock.json": "npm",
             "npm-shrinkwrap.json": "npm", "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun",
             "deno.lock": "deno", "pixi.lock": "pixi", "conda-lock.yml": "conda-lock", "pdm.lock": "pdm",
             "Pipfile.lock": "pipenv", "pylock.toml": "pylock", "pip-inspect.json": "pip",
             "pip-report.json": "pip"}
SKIPPED_FOLDERS = {"node_modules", "target"}  # and hidden ones
PURL_TYPE = {"cargo": "cargo", "npm": "npm", "pnpm": "npm", "yarn": "npm", "bun": "npm", "deno": "npm", "pixi": "conda",
             "conda-lock": "conda"}  # the others are of Python
# The names by which `--tool` gives another command than the name's own.
TOOLS = {**{name: [name] for name in ("pnpm", "yarn", "bun", "deno", "pdm", "pipenv")}, "pnpm-8": ["pnpm"],
         "yarn-1": ["yarn"], **{name: [sys.executable] for name in ("packaging", "rattler", "conda-lock")}}
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
    # Packages that may be left out whole, their edges with them.
    of_root: set = field(default_factory=set)
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
        last = [line for line in (done.stderr.strip() or done.stdout).splitlines() if line.strip()][-3:]
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
from poetry.core.factory import Factory
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
root = None
if project.exists():
    try:
        root = Factory().create_poetry(lock.parent).package
    except Exception as error:
        print(f"{project}: {error}", file=sys.stderr)
print(json.dumps({"marked": marked, "root": root and [
    [[one.name, one.version.text] for one in candidates(root, dependency)] for dependency in root.all_requires],
                  "packages": [
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
    edges = [((pep503(package["name"]), package["version"]), candidates)
             for package in answer["packages"] for candidates in package["requires"]]
    truth.packages = {(pep503(package["name"]), package["version"]) for package in answer["packages"]}
    # poetry.lock does not hold the project itself; a reader that joins pyproject.toml may add it, then with every edge.
    if (root := python_root(lockfile.parent)) is not None:
        truth.maybe[root] = "the project itself is in pyproject.toml, not in poetry.lock"
        truth.of_root = {root}
        edges += [(root, candidates) for candidates in answer["root"] or []]
    for above, candidates in edges:
        below = [(pep503(name), version) for name, version in candidates]
        if not answer["marked"]:
            draw(truth, [above], below)
        for one in below if answer["marked"] else []:
            truth.edge(above, one)
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


def asked_by_project(folder):
    """The names that a pyproject.toml asks for, in its extras and groups too."""
    data = tomllib.loads((folder / "pyproject.toml").read_text())
    project = data.get("project", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values(),
             *data.get("dependency-groups", {}).values()]
    return {pep503(re.match(r"[\w.-]+", one)[0]) for list_ in lists for one in list_ if isinstance(one, str)}


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


def projects(folder):
    """The package.json of each project of a workspace (of each folder that has one), by its folder."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in SKIPPED_FOLDERS and not one.startswith("."))
        if "package.json" in names:
            found[Path(place)] = json.loads(Path(place, "package.json").read_text())
    return found


def alone(lockfile, target):
    """Copies a lock and the manifests that belong to it into an empty folder, where nothing else is read."""
    for folder in projects(lockfile.parent):
        beside = target / folder.relative_to(lockfile.parent)
        beside.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "pnpm-workspace.yaml", "deno.json"):
            if (folder / name).exists():
                shutil.copy(folder / name, beside)
    shutil.copy(lockfile, target)


ALL_OF_IT = """
included: {dependencies: true, devDependencies: true, optionalDependencies: true}
layoutVersion: 5
skipped: []
virtualStoreDir: .pnpm
registries: {default: "https://registry.example/"}
"""


def pnpm_truth(lockfile):
    """`pnpm ls`, which prints a package's requirements once and says `deduped` of its other places."""
    head = re.search(r"^lockfileVersion: '?(\d+)", lockfile.read_text(), re.M)
    # Without a workspace, `-r` lists the locks of all folders below.
    recursive = ["-r"] if (lockfile.parent / "pnpm-workspace.yaml").exists() else []
    arguments = ["ls", *recursive, "--depth", "Infinity", "--json"]
    if head and head[1] in "567":
        # pnpm 7 and 8 read only what they installed: the lock is laid where they keep that of the last install.
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder).resolve()
            alone(lockfile, place)
            (place / "node_modules/.pnpm").mkdir(parents=True)
            (place / "node_modules/.modules.yaml").write_text(ALL_OF_IT)
            shutil.copy(lockfile, place / "node_modules/.pnpm/lock.yaml")
            listed = json_of([*TOOLS["pnpm-8"], *arguments], place)
    else:
        listed = json_of([*TOOLS["pnpm"], *arguments, "--lockfile-only"], lockfile.parent)
    own = {project["path"]: (project.get("name"), project.get("version")) for project in listed}
    truth, nodes, seen = Graph(source="pnpm ls"), [(own[project["path"]], project) for project in listed], set()
    truth.packages = {this for this in own.values() if this[0]}
    while nodes:
        this, node = nodes.pop()
        for part in ("dependencies", "devDependencies", "optionalDependencies"):
            for name, below in node.get(part, {}).items():
                version = re.sub(r"[(_].*", "", below["version"])
                # A folder, git and a tarball stand in the place of a version; a link to a project is that project.
                other = (below.get("from", name), None if re.search("[:/]", version) else version)
                if below["version"].startswith("link:"):
                    other = own.get(below["path"], other)
                truth.packages.add(other)
                truth.edge(this, other)
                if id(below) not in seen:
                    seen.add(id(below))
                    nodes.append((other, below))
    return truth


def yarn_truth(lockfile):
    """Two tools of one name: what is asked depends on the lock."""
    return (yarn_berry if "\n__metadata:" in lockfile.read_text() else yarn_classic)(lockfile)


def yarn_berry(lockfile):
    """`yarn info`: each package, and of those with peers each instance (virtual), which is folded into it here."""
    lines = command([*TOOLS["yarn"], "info", "-AR", "--virtuals", "--json"], lockfile.parent).splitlines()
    # Locators are made unlike only by whom they were resolved for.
    locator = lambda text: re.sub(r"@virtual:[0-9a-f]+#", "@", text)
    listed = [json.loads(line) for line in lines]
    package = {}
    for node in listed:
        name = re.match(r"(@?[^@]+)@", node["value"])[1]
        version = node["children"]["Version"]
        package[locator(node["value"])] = (name, None if version == "0.0.0-use.local" else version)
    truth = Graph(source="yarn info", packages=set(package.values()))
    for node in listed:
        # An optional peer that nobody provides has no locator.
        for below in (one for part in ("Dependencies", "Peer dependencies") for one in node["children"].get(part, [])):
            if below["locator"]:
                truth.edge(package[locator(node["value"])], package[locator(below["locator"])])
    # yarn adds to a package the @types of each peer, and peers of a list of its own (its packageExtensions).
    entries = {}
    for entry in lockfile.read_text().split("\n\n"):
        if resolution := re.search(r'^  resolution: "?([^"\n]+)', entry, re.M):
            entries[package.get(resolution[1])] = entries.get(package.get(resolution[1]), "") + entry
    for above, below in truth.edges:
        if not re.search(rf'[\s":]{re.escape(below[0])}[":@]', entries.get(above, below[0] + ":")):
            truth.maybe[above, below] = "a peer that yarn adds by itself: the entry in the lock does not name it"
    manifest = lockfile.parent / "package.json"
    resolutions = json.loads(manifest.read_text()).get("resolutions", {}) if manifest.exists() else {}
    replaced = {re.search(r"((?:@[^/@]+/)?[^/@]+)(?:@[^/]*)?$", pattern)[1] for pattern in resolutions}
    for edge in [edge for edge in truth.edges if edge[1][0] in replaced]:
        # The lock has what a package asks for, and not what a resolution makes of it.
        truth.edges.remove(edge)
        truth.choices.append(frozenset([edge]))
    return truth


def yarn_classic(lockfile):
    """
    `yarn list` has what each package requires as patterns, which are the lock's keys. A package that stands in the
    node_modules of another is printed there instead of the pattern, whether that one requires it or one below it.
    """
    answers, real = {}, {}
    for keys, version in re.findall(r'^("?[^\s#].*):\n  version "(.*)"', lockfile.read_text(), re.M):
        for key in (one.strip('"') for one in re.split(r'(?<=[^,]), ', keys)):
            name, wanted = re.match(r"(@?[^@]+)@(.*)", key).groups()
            this = (re.match(r"npm:(@?[^@]+)", wanted)[1] if wanted.startswith("npm:") else name, version)
            answers[key], real[name, version] = this, this
    manifests = projects(lockfile.parent)
    own = {manifest.get("name"): (manifest.get("name"), manifest.get("version")) for manifest in manifests.values()}
    truth = Graph(source="yarn list and the lock's keys")

    def named(node):
        name, version = re.match(r"(@?[^@]+)@(.*)", node["name"]).groups()
        return own[name] if own.get(name, (0, 0))[1] == version else real[name, version]

    def walk(node):
        """Adds a package and what it holds; returns all packages in it."""
        this = named(node)
        truth.packages.add(this)
        inside = {this}
        for below in node["children"]:
            if below.get("shadow"):
                name = re.match(r"(@?[^@]+)@", below["name"])[1]
                truth.edge(this, answers.get(below["name"]) or own[name])
        for below in node["children"]:
            if not below.get("shadow"):
                inside |= walk(below)
        for below in node["children"]:
            if not below.get("shadow"):
                draw(truth, inside - {named(below)}, [named(below)])
        return inside

    for tree in json_of([*TOOLS["yarn-1"], "list", "--json", "--no-progress"], lockfile.parent)["data"]["trees"]:
        walk(tree)
    for manifest in manifests.values():
        this = (manifest.get("name"), manifest.get("version"))
        if this[0]:
            truth.packages.add(this)
        for part in ("dependencies", "devDependencies", "optionalDependencies"):
            for name, wanted in manifest.get(part, {}).items():
                if other := answers.get(f"{name}@{wanted}") or own.get(name):
                    truth.edge(this, other)
    return truth


def bun_truth(lockfile):
    """`bun why`: of each package, who requires it. A package of another name is called there as it is asked for."""
    text = command([*TOOLS["bun"], "why", "*", "--depth", "1"], lockfile.parent)
    # JSON, but for the commas behind the last of a list.
    lock = json.loads(re.sub(r",(\s*[\]}])", r"\1", lockfile.read_text()))
    real = {}
    for key, (locator, *_) in lock["packages"].items():
        name, version = re.match(r"(@?[^@]+)@(.*)", locator).groups()
        real[re.search(r"(@[^/]+/)?[^/]+$", key)[0], version] = (name, version)
    own = {project.get("name"): (project.get("name"), project.get("version"))
           for project in lock["workspaces"].values()}

    def named(locator):
        name, at, version = locator.rpartition("@")
        if not name or not version or version.startswith("workspace"):
            return own[name or version]
        # A folder, git and a tarball stand in the place of a version.
        return real.get((name, version), (name, version if version[0].isdigit() else None))

    truth, this = Graph(source="bun why"), None
    for line in text.splitlines():
        if line and not line.startswith(" "):
            this = named(line)
            truth.packages.add(this)
        elif above := re.match(r"  [├└]─ (?:(?:dev|optional|peer) )*(\S+)(?: \(requires|$)", line):
            truth.edge(named(above[1]), this)
    lonely = own.get(lock["workspaces"][""].get("name"))
    for edge in truth.edges:
        if edge[0] == lonely and edge[1] in own.values():
            truth.maybe[edge] = "a workspace is a member of the project, not its requirement"
    return truth


def deno_truth(lockfile):
    """`deno info`: of each package of npm that a module loads, what it requires."""
    specifiers = json.loads(lockfile.read_text()).get("specifiers", {})
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder, "all.ts")
        module.write_text("".join(f'import "{one}";\n' for one in specifiers if one.startswith("npm:")))
        shutil.copy(lockfile, folder)
        flags = ["--json", "--no-config", "--lock=deno.lock", "--frozen"]
        info = json_of([*TOOLS["deno"], "info", *flags, module], folder)
    package = {key: (one["name"], one["version"].split("_")[0]) for key, one in info["npmPackages"].items()}
    truth = Graph(source="deno info", packages=set(package.values()))
    for key, one in info["npmPackages"].items():
        for below in one["dependencies"]:
            truth.edge(package[key], package[below])
    folders = [{"name": folder.name} for folder in (lockfile.parent, *lockfile.parent.iterdir())]
    for manifest in [*projects(lockfile.parent).values(), *folders]:
        project = (manifest.get("name"), manifest.get("version"))
        truth.maybe[project] = "the projects are no packages of npm to deno"
        for this in truth.packages:
            truth.maybe[project, this] = "a project's own requirements: deno info shows those of packages"
    return truth


PDM_SCRIPT = """
import json, sys
from pdm.core import Core
project = Core().create_project(sys.argv[1])
repository = project.get_locked_repository() if hasattr(project, "get_locked_repository") else project.locked_repository
from pdm.models.requirements import parse_requirement
asked = lambda one: parse_requirement(one) if isinstance(one, str) else one
packages = {key: (getattr(one, "candidate", one), getattr(one, "dependencies", None) or [])
            for key, one in repository.packages.items()}
marker = lambda candidate: candidate.req.marker
def meet(one, other):
    both = [part for part in (marker(one), other) if part]
    return len(both) < 2 or not (both[0] & both[1]).is_empty()
def candidates(above, requirement):
    fit = [(key, one) for key, (one, _) in packages.items() if one.req.key == requirement.key]
    return [[one.name, one.version] for key, one in fit
            if len(fit) == 1 or not one.version or requirement.specifier.contains(one.version, prereleases=True)]
root = [[candidates(None, one)] for group in project.iter_groups() for one in
        (project.get_dependencies(group).values() if hasattr(project.get_dependencies(group), "values")
         else project.get_dependencies(group))]
print(json.dumps({"root": [one for all_ in root for one in all_], "packages": [
    [one.name, one.version, [candidates(one, asked(below)) for below in dependencies]]
    for one, dependencies in packages.values()]}))
"""


def pdm_truth(lockfile):
    """pdm's own reading of the lock; `pdm list --tree` prints only what is installed."""
    pdm = shutil.which(TOOLS["pdm"][0])
    if pdm is None:
        raise NoTruth("pdm: not found")
    answer = json_of([shebang(pdm), "-c", PDM_SCRIPT, lockfile.parent.resolve()], lockfile.parent)
    truth = Graph(source="pdm's locked repository")
    named = lambda name, version, *_: (pep503(name), version)
    for package in answer["packages"]:
        truth.packages.add(named(*package))
        for candidates in package[2]:
            draw(truth, [named(*package)], {named(*one) for one in candidates})
    if (root := python_root(lockfile.parent)) is not None:
        truth.maybe[root] = "the project itself is in pyproject.toml, not in the lock"
        truth.of_root = {root}
        for candidates in answer["root"]:
            draw(truth, [root], {named(*one) for one in candidates})
    return truth


def pipenv_truth(lockfile):
    """`pipenv requirements` for each category; the lock says of no package who requires it."""
    groups = [group for group in json.loads(lockfile.read_text()) if group != "_meta"]
    category = {"default": "packages", "develop": "dev-packages"}
    truth = Graph(source="pipenv requirements")
    for group in groups:
        # A folder, git or an address is printed without its name.
        places = {(pep503(name), None) for name, package in json.loads(lockfile.read_text())[group].items()
                  if isinstance(package, dict) and package.keys() & {"path", "git", "file"}}
        truth.packages |= places
        lines = command([*TOOLS["pipenv"], "requirements", "--categories", category.get(group, group)], lockfile.parent)
        for line in lines.splitlines():
            if pin := PIN.match(line):
                truth.packages.add((pep503(pin[1]), None if pin[2] == "@" else pin[3]))
            elif bare := re.match(r"([\w.-]+)(?:\[.*?\])?\s*(?:;|$)", line):
                truth.packages.add((pep503(bare[1]), None))
            elif line and not line.startswith(("-i ", "--extra-index-url ", "--trusted-host ")) and not places:
                raise NoTruth(f"pipenv printed a line that is no pin: {line}")
    return truth


# Of each environment and platform: (manager, name, version, the names that it requires).
PIXI_SCRIPT = """
import json, re, sys
from rattler.lock import LockFile
name = lambda text: re.match(r"[\\w.-]+", text)[0]
def described(one):
    if hasattr(one, "package_record"):
        record = one.package_record
        return "conda", record.name.normalized, str(record.version), [name(spec) for spec in record.depends]
    return "pypi", one.name, str(one.version), [name(spec) for spec in one.requires_dist]
print(json.dumps([[described(one) for one in environment.packages(platform) or []]
                  for _, environment in LockFile.from_path(sys.argv[1]).environments()
                  for platform in environment.platforms()]))
"""

CONDA_LOCK_SCRIPT = """
import json, pathlib, sys
from conda_lock.lockfile import parse_conda_lock_file
packages = parse_conda_lock_file(pathlib.Path(sys.argv[1])).package
print(json.dumps([[["pypi" if one.manager == "pip" else "conda", one.name, one.version, list(one.dependencies)]
                   for one in packages if one.platform == platform]
                  for platform in sorted({one.platform for one in packages})]))
"""


def pixi_truth(lockfile):
    """rattler's reading: a requirement leads to the package of its name in the same environment and platform."""
    return conda_truth("rattler", PIXI_SCRIPT, lockfile)


def conda_lock_truth(lockfile):
    """conda-lock's own models."""
    return conda_truth("conda-lock", CONDA_LOCK_SCRIPT, lockfile)


def conda_truth(tool, script, lockfile):
    """Packages of conda and of Python's index in one graph: what Python's does not have may be conda's."""
    truth = Graph(source=tool)
    for packages in json_of([*TOOLS[tool], "-c", script, lockfile.resolve()], lockfile.parent):
        called = lambda manager, name: (manager, pep503(name) if manager == "pypi" else name)
        found = {called(manager, name): (f"{manager}/{called(manager, name)[1]}", None if "<" in version else version)
                 for manager, name, version, _ in packages}
        truth.packages |= set(found.values())
        for manager, name, _, requires in packages:
            for below in requires:
                in_conda = "pytorch" if (manager, below) == ("pypi", "torch") else below
                other = found.get(called(manager, below)) or found.get(called("conda", in_conda))
                if other:
                    truth.edge(found[called(manager, name)], other)
    return truth


PYLOCK_SCRIPT = """
import json, sys, tomllib
from packaging.pylock import Pylock
lock = Pylock.from_dict(tomllib.load(open(sys.argv[1], "rb")))
version = lambda one: str(one.version) if one.version else None
def answers(wanted):
    fits = lambda one: all(str(getattr(one, key, None)) == str(value) if not isinstance(value, dict) else True
                           for key, value in wanted.items())
    return [[one.name, version(one)] for one in lock.packages if fits(one)]
print(json.dumps([[one.name, version(one), [answers(wanted) for wanted in one.dependencies or []]]
                  for one in lock.packages]))
"""


def pylock_truth(lockfile):
    """`packaging.pylock`; what a package requires is told by few tools."""
    packages = json_of([*TOOLS["packaging"], "-c", PYLOCK_SCRIPT, lockfile.resolve()], lockfile.parent)
    truth = Graph(source="packaging.pylock", packages={(pep503(name), version) for name, version, _ in packages})
    for name, version, requires in packages:
        for candidates in requires:
            draw(truth, [(pep503(name), version)], [(pep503(other), its) for other, its in candidates])
    if (root := python_root(lockfile.parent)) is not None:
        truth.maybe[root] = "the project itself is in pyproject.toml, not in the lock"
        asked = asked_by_project(lockfile.parent)
        for package in truth.packages:
            if package[0] in asked:
                truth.maybe[root, package] = "the project's own requirements are in pyproject.toml, not in the lock"
    return truth


PIP_SCRIPT = """
import json, sys
try:
    from packaging.requirements import Requirement
except ImportError:
    from pip._vendor.packaging.requirements import Requirement
report = json.load(open(sys.argv[1]))
metadata = {}
wanted = {}
norm = lambda name: name.replace("_", "-").replace(".", "-").lower()
for one in report.get("installed") or report["install"]:
    name = norm(one["metadata"]["name"])
    metadata[name] = one["metadata"]
    wanted[name] = {"", *one.get("requested_extras", [])}
edges, by_extra, todo = set(), set(), list(metadata)
for name, one in metadata.items():
    for requirement in map(Requirement, one.get("requires_dist", [])):
        if norm(requirement.name) in metadata and any(not requirement.marker or requirement.marker.evaluate(
                {**report["environment"], "extra": extra}) for extra in one.get("provides_extra", [])):
            by_extra.add((name, norm(requirement.name)))
while todo:
    name = todo.pop()
    for text in metadata[name].get("requires_dist", []):
        requirement = Requirement(text)
        below = norm(requirement.name)
        if below not in metadata or not any(requirement.marker is None or requirement.marker.evaluate(
                {**report["environment"], "extra": extra}) for extra in wanted[name]):
            continue
        edges.add((name, below))
        if not requirement.extras <= wanted[below]:
            wanted[below] |= requirement.extras
            todo.append(below)
print(json.dumps({"packages": {name: one["version"] for name, one in metadata.items()}, "edges": sorted(edges),
                  "by_extra": sorted(by_extra)}))
"""


def pip_truth(lockfile):
    """The requirements that pip wrote, those of an extra where somebody asks for it, with `packaging`'s markers."""
    answer = json_of([*TOOLS["packaging"], "-c", PIP_SCRIPT, lockfile.resolve()], lockfile.parent)
    package = {name: (pep503(name), version) for name, version in answer["packages"].items()}
    truth = Graph(source="packaging", packages=set(package.values()))
    for above, below in answer["edges"]:
        truth.edge(package[above], package[below])
    for above, below in answer["by_extra"]:
        truth.maybe[package[above], package[below]] = "an extra whose packages are there, whoever asked for them"
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
          "requirements": requirements_truth, "pnpm": pnpm_truth, "yarn": yarn_truth, "bun": bun_truth,
          "deno": deno_truth, "pixi": pixi_truth, "conda-lock": conda_lock_truth, "pdm": pdm_truth,
          "pipenv": pipenv_truth, "pylock": pylock_truth, "pip": pip_truth}


# ── driftgate ────────────────────────────────────────────────────────────────────────────────────────────────────────

def read_purl(purl, kind):
    """The name and version of a purl, its type checked."""
    body = purl.removeprefix("pkg:").split("#")[0].split("?")[0]
    type_, _, rest = body.partition("/")
    both = PURL_TYPE.get(kind) == "conda" and type_ in ("conda", "pypi")
    if not both and type_ != PURL_TYPE.get(kind, "pypi"):
        raise NoTruth(f"a {type_} purl in a {kind} lockfile: {purl}")
    # The version's @ is the last one; an npm scope's own is percent-encoded, or stands first.
    path, at, version = rest.rpartition("@")
    if not at or not path:
        path, version = rest, None
    name = "/".join(unquote(part) for part in path.split("/"))
    if both:
        return f"{type_}/{name}", unquote(version) if version else None
    return (pep503(name) if kind not in PURL_TYPE else name, unquote(version) if version else None)


def driftgate_graph(driftgate, lockfile, kind):
    """What driftgate's CycloneDX of one lockfile says, with the manifests of its workspace where it needs them."""
    if kind in ("pnpm", "yarn", "bun", "deno"):
        with tempfile.TemporaryDirectory() as folder:
            alone(lockfile, Path(folder))
            return graph_of(driftgate, folder, kind)
    return graph_of(driftgate, lockfile, kind)


def graph_of(driftgate, lockfile, kind):
    """What driftgate's CycloneDX of a lockfile or a folder with one says."""
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
            graph.gaps.add((above[0] if above else None, pep503(name) if kind not in PURL_TYPE else name))
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
        said = pep503(said) if kind not in PURL_TYPE else said
        called = re.sub("^(conda|pypi)/", "", this[0])
        if said != called or (component.get("version") or None) != this[1]:
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
                 truth.maybe, [frozenset((swap(a), swap(b)) for a, b in group) for group in truth.choices],
                 truth.of_root)


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
        elif re.fullmatch(r"pylock\.[^.]+\.toml", path.name):
            yield path, "pylock"
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
