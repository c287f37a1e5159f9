"""C and C++: Conan 1 and 2."""

import json
import re
import tempfile
from pathlib import Path

from graph import PROJECT, TOOLS, Graph, command, json_of

REFERENCE = re.compile(r"([^/@#() ]+)/([^/@#()]+)(?:@[^#()]*)?(?:#\w+)?\)?$")


def conan_truth(lockfile):
    """The graph that Conan makes of the project under the lock, of recipes that its cache has."""
    version = json.loads(lockfile.read_text())["version"]  # of the file: 0.1 to 0.4 are of Conan 1
    return conan_2(lockfile) if version == "0.5" else conan_1(lockfile)


def conan_2(lockfile):
    """`conan graph info`: packages, and what the project asks for, whose name a lock of Conan 2 does not hold."""
    answer = json_of([*TOOLS["conan"], "graph", "info", ".", f"--lockfile={lockfile.name}", "--build=missing",
                      "--no-remote", "--format=json"], lockfile.parent)
    nodes = answer["graph"]["nodes"]
    truth = Graph(source="conan graph info", packages={PROJECT})
    for key, node in nodes.items():
        below = {package(reference) for reference in node["python_requires"] or {}}
        below |= {package(nodes[one]["ref"]) for one, edge in node["dependencies"].items() if edge["direct"]}
        truth.packages |= below
        if key == "0":
            truth.edges = {(PROJECT, one) for one in below}
    for one in truth.packages - {PROJECT}:
        if (PROJECT, one) not in truth.edges:
            truth.maybe[PROJECT, one] = "the lock does not say who requires whom: all counts as direct"
    return truth


def conan_1(lockfile):
    """`conan info`, as if all were built, so that what is needed to build is there too."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "info.json")
        command([*TOOLS["conan-1"], "info", ".", f"--lockfile={lockfile.name}", "--dry-build", f"--json={file}"],
                lockfile.parent)
        nodes = json.loads(file.read_text())
    truth = Graph(source="conan info")
    for node in nodes:
        above = package(node["reference"])
        truth.packages.add(above)
        for kind in ("requires", "build_requires", "python_requires"):
            for below in map(package, node.get(kind) or []):
                truth.packages.add(below)
                truth.edge(above, below)
    return truth


def package(reference):
    """`name/version@user/channel#revision`, perhaps in brackets after a file's name; a file alone is the project."""
    found = REFERENCE.search(reference)
    return found.groups() if found else PROJECT
