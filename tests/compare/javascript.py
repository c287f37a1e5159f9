"""JavaScript: npm, pnpm, yarn, bun and deno."""

import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from graph import SKIPPED_FOLDERS, TOOLS, Graph, command, draw, json_of


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
