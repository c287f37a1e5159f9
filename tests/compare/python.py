"""Python: uv, poetry, pdm, Pipenv, pip and its compilers, pylock."""

import json
import re
import shutil
import tempfile
import tomllib
from collections import defaultdict
from pathlib import Path

from graph import SKIPPED_FOLDERS, TOOLS, Graph, NoTruth, command, draw, json_of


def pep503(name):
    """A Python package's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


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
    project, tool = data.get("project", {}), data.get("tool", {})
    lists = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values(),
             *data.get("dependency-groups", {}).values(),
             *tool.get("pdm", {}).get("dev-dependencies", {}).values(), tool.get("uv", {}).get("dev-dependencies", [])]
    names = [re.match(r"(?:-e .*#egg=)?([\w.-]+)", one) for list_ in lists for one in list_ if isinstance(one, str)]
    return {pep503(name[1]) for name in names if name}


def shebang(script):
    """The Python that runs a script, or nothing where another program does."""
    first = Path(script).resolve().read_text(errors="replace").splitlines()[0]
    interpreter = first.removeprefix("#!").strip()
    return interpreter if "python" in Path(interpreter).name and " " not in interpreter else ""


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


PDM_SCRIPT = """
import json, sys
from pdm.core import Core
project = Core().create_project(sys.argv[1])
repository = project.get_locked_repository() if hasattr(project, "get_locked_repository") else project.locked_repository
from pdm.models.requirements import parse_requirement
asked = lambda one: parse_requirement(one) if isinstance(one, str) else one
# Before 2.16 (or so) the packages are bare candidates, their requirements in a table beside them.
beside = getattr(repository, "candidate_info", {})
packages = {key: (getattr(one, "candidate", one), getattr(one, "dependencies", None) or beside.get(key, [[]])[0])
            for key, one in repository.packages.items()}
of_lock = getattr(project.lockfile, "groups", None)
marker = lambda candidate: candidate.req.marker
def meet(one, other):
    both = [part for part in (marker(one), other) if part]
    return len(both) < 2 or not (both[0] & both[1]).is_empty()
def candidates(above, requirement):
    fit = [(key, one) for key, (one, _) in packages.items() if one.req.key == requirement.key]
    return [[one.name, one.version] for key, one in fit
            if len(fit) == 1 or not one.version or requirement.specifier.contains(one.version, prereleases=True)]
root = [[candidates(None, one)] for group in project.iter_groups() if of_lock is None or group in of_lock for one in
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
    with tempfile.TemporaryDirectory() as folder:  # pdm makes an environment beside what it reads
        project = Path(folder, "project")
        shutil.copytree(lockfile.parent, project, ignore=shutil.ignore_patterns(".*", *SKIPPED_FOLDERS), symlinks=True)
        answer = json_of([shebang(pdm), "-c", PDM_SCRIPT, project], project)
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


PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(===?|@)\s*([^\s;\\#]+)")


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


PYLOCK_SCRIPT = """
import json, sys, tomllib
from packaging.pylock import Pylock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
lock = Pylock.from_dict(tomllib.load(open(sys.argv[1], "rb")))
version = lambda one: str(one.version) if one.version else None
def answers(wanted):
    fits = lambda one: all(str(getattr(one, key, None)) == str(value) if not isinstance(value, dict) else True
                           for key, value in wanted.items())
    return [[one.name, version(one)] for one in lock.packages if fits(one)]
def of_pdm(one):
    # PDM's own table of what a package requires.
    for asked in map(Requirement, (one.tool or {}).get("pdm", {}).get("dependencies", [])):
        yield [[other.name, version(other)] for other in lock.packages if canonicalize_name(asked.name) == other.name
               and (not other.version or asked.specifier.contains(other.version, prereleases=True))]
print(json.dumps([[one.name, version(one), [*(answers(wanted) for wanted in one.dependencies or []), *of_pdm(one)]]
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
