"""Go: go.mod, what `go mod graph` prints, vendor/modules.txt, go.work and programs.

No proxy is asked: what Go needs of other modules comes from the module cache (`go mod download` fills it).
"""

import json

from graph import TOOLS, Graph, command


def go(folder, *arguments, work=""):
    """What a `go` command prints; of the workspace that a module is in too, if `work` is not `off`."""
    environment = ["GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOFLAGS=", f"GOWORK={work}"]
    return command(["env", *environment, *TOOLS["go"], *arguments], folder)


def values(text):
    """The JSON values that stand one after the other in a text."""
    while text := text.lstrip():
        value, end = json.JSONDecoder().raw_decode(text)
        yield value
        text = text[end:]


def required(folder, file):
    """The module that a go.mod is of, and those that it requires."""
    read = json.loads(go(folder, "mod", "edit", "-json", file))
    return read["Module"]["Path"], [one["Path"] for one in read["Require"] or []]


def named(module):
    """The module that is built; a folder has no name of its own and is called as what it stands in for."""
    replace = module.get("Replace", {})
    module = replace if "Version" in replace else module
    version = module.get("Version")
    return module["Path"], None if version == "(devel)" else version  # its word for no version


def listed(folder, *paths, work=""):
    """What `go list -m` tells of modules, by the path that they are asked for with; those not at hand too."""
    modules = values(go(folder, "list", "-m", "-e", "-mod=readonly", "-json", *paths, work=work))
    return {one["Path"]: named(one) for one in modules}


def go_mod_truth(lockfile):
    """`go list -m` of each module that `go mod edit -json` reads: the selected version, and what replaces it."""
    name, paths = required(lockfile.parent, lockfile.name)
    root = (name, None)
    truth = Graph({root}, source="go list -m")
    for module in listed(lockfile.parent, *paths, work="off").values() if paths else ():
        truth.packages.add(module)
        truth.edge(root, module)
    return truth


def go_mod_graph_truth(lockfile):
    """`go list -m all` for the modules, and what the go.mod of each requires, for those that `go mod graph` looks into.

    A module that only another one's go.mod asks for is pruned out of the graph: Go does not read what it requires.
    """
    folder = lockfile.parent
    modules = list(values(go(folder, "list", "-m", "-mod=readonly", "-json", "all")))
    package = {one["Path"]: named(one) for one in modules}
    truth = Graph(set(package.values()), source="go list -m all and go mod edit")
    above = {line.split()[0] for line in go(folder, "mod", "graph").splitlines()}
    for module in modules:
        if "@".join(filter(None, (module["Path"], module.get("Version")))) in above:
            for path in required(folder, module["GoMod"])[1]:
                truth.edge(package[module["Path"]], package[path])
    return truth


def go_vendor_truth(lockfile):
    """`go list -mod=vendor ...`: the module of each package that was copied, whatever platform it is for."""
    truth = Graph(source="go list -mod=vendor ...")
    for package in values(go(lockfile.parent.parent, "list", "-mod=vendor", "-e", "-json=Module", "...")):
        if "Module" in package and not package["Module"].get("Main"):
            truth.packages.add(named(package["Module"]))
    return truth


def go_work_truth(lockfile):
    """`go list -m` in the workspace: its members, and each module that the go.mod of one requires."""
    folder = lockfile.parent
    truth = Graph(set(listed(folder).values()), source="go list -m in the workspace")
    members = [folder / one["DiskPath"] for one in json.loads(go(folder, "work", "edit", "-json"))["Use"]]
    asked = {name: paths for name, paths in (required(member, "go.mod") for member in members)}
    package = listed(folder, *sorted({path for paths in asked.values() for path in paths}))
    for name, paths in asked.items():
        for path in paths:
            truth.packages.add(package[path])
            truth.edge((name, None), package[path])
    return truth


def go_program_truth(program):
    """`go version -m -json` of a program called `*.go-program`: the modules linked in, and Go's own library.

    Go says this as JSON since 1.25.
    """
    read = json.loads(go(program.parent, "version", "-m", "-json", program.resolve()))
    # One that was built of single files has no module, but a path.
    root = named(read.get("Main") or read)
    truth = Graph({root}, source="go version -m")
    for below in [("stdlib", read["GoVersion"].removeprefix("go")), *map(named, read.get("Deps", []))]:
        truth.packages.add(below)
        truth.edge(root, below)
    return truth
