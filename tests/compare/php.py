"""PHP: Composer."""

import shutil
from collections import defaultdict
from functools import cache

from graph import PROJECT, TOOLS, Graph, NoTruth, draw, json_of


def composer_truth(lockfile):
    """`composer show --locked`, flat and as a tree, those of the development too."""
    return composer_graph(lockfile.parent, "locked", ["--locked"])


def composer_installed_truth(installed):
    """`composer show`, flat and as a tree, of what stands in the project's vendor folder."""
    return composer_graph(installed.parents[2], "installed", [])


def as_installed(installed, target):
    """Lays it with its project's composer.json into a root file system: of a project driftgate reads the lock alone."""
    for path in (installed, installed.parents[2] / "composer.json"):
        place = target / "srv" / path.relative_to(installed.parents[2])
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    (target / "etc").mkdir()
    (target / "etc" / "os-release").write_text("ID=debian\n")


def composer_graph(folder, title, which):
    """What `composer show` says of the packages, and `composer show --self` of what the project asks for."""
    def show(*arguments):
        settings = ["COMPOSER_ALLOW_SUPERUSER=1", "COMPOSER_DISABLE_NETWORK=1"]
        flags = ["show", "--format=json", "--no-plugins", "--no-interaction"]
        return json_of(["env", *settings, *TOOLS["composer"], *flags, *arguments], folder)

    listed = show(*which)
    if not listed:
        raise NoTruth("Composer lists nothing: of what is installed it wants the folders too")
    # Names are compared without their case; behind a branch's version stands the commit.
    packages = {(name := one["name"].lower()): (name, one["version"].split(" ")[0]) for one in listed[title]}
    project = show("--self")
    version = project["versions"][0]
    root = (project["name"], None if version.endswith("+no-version-set") else version)
    if project["name"] == "__root__":
        root = PROJECT

    requires = defaultdict(set)
    def walk(nodes):
        for node in nodes:
            for below in node.get("requires", []):
                requires[node["name"].lower()].add(below["name"].lower())
            walk(node.get("requires", []))
    walk(show(*which, "--tree")["installed"])
    # The tree begins at what the project asks for by its own name.
    for name in packages.keys() - requires.keys():
        walk(show(*which, "--tree", name)["installed"])

    @cache
    def providers():
        """The packages that provide or replace a name."""
        found = defaultdict(set)
        for name, package in packages.items():
            said = show(*which, name)
            for other in [*said.get("provides", []), *said.get("replaces", [])]:
                found[other].add(package)
        return found

    truth = Graph(source=f"composer show {' '.join(which)}".strip(), packages={root, *packages.values()})
    asked = {name.lower() for part in ("requires", "devRequires") for name in project.get(part, [])}
    for above, names in [(root, asked), *((packages[name], requires[name]) for name in packages)]:
        # A name without a vendor is the platform's (PHP, an extension, Composer): no package, even where a polyfill
        # provides it.
        for name in (name for name in names if "/" in name):
            draw(truth, [above], [packages[name]] if name in packages else providers()[name])
    # What stands there and nobody requires is below the file in a graph; Composer prints it at the left margin.
    reached = {below for _, below in truth.edges}.union(*({below for _, below in group} for group in truth.choices))
    for package in truth.packages - reached:
        truth.maybe[PROJECT] = truth.maybe[PROJECT, package] = "what nobody requires hangs on the file itself"
    return truth
