"""Maven: what `mvn dependency:tree` prints, and pom.xml."""

import re
import tempfile
from functools import cache
from pathlib import Path

from graph import TOOLS, Graph, command

# The scopes, the strongest first: what is needed to run, what is expected to be there, what is for tests.
SCOPES = {"compile": 0, "runtime": 0, "system": 0, "provided": 1, "test": 2}


def dependency_tree_truth(lockfile):
    """The same goal's TGF of the pom.xml beside the file: the nodes of each project, a `#`, the edges between them.

    A file called `…verbose…` is held to verbose output: what is omitted there is a requirement of what was taken.
    """
    truth = Graph(source="mvn dependency:tree -DoutputType=tgf")
    text = trees(lockfile.parent, "verbose" in lockfile.name)
    for nodes, edges in re.findall(r"((?:.*:.*\n)+)#\n((?:[^:\n]*\n)*)", text):
        add_tree(truth, dict(line.split(" ", 1) for line in nodes.splitlines()),
                 [line.split(" ")[:2] for line in edges.splitlines()])
    return truth


@cache
def trees(folder, is_verbose):
    """The TGF of a build, its projects one after the other."""
    with tempfile.TemporaryDirectory() as place:
        tgf = Path(place, "trees.tgf")
        command([*TOOLS["mvn"], "-B", "-q", "dependency:tree", "-DoutputType=tgf", f"-DoutputFile={tgf}",
                 "-DappendOutput", *["-Dverbose"] * is_verbose], folder)
        return tgf.read_text()


def add_tree(truth, nodes, edges):
    """Adds the tree of one project, which is the first of its nodes."""
    package = {number: taken(node) for number, node in nodes.items()}
    root = next(iter(nodes))
    truth.packages |= set(package.values())
    above = {below: number for number, below in edges}
    for number, below in edges:
        truth.edge(package[number], package[below])
        first = number
        while above.get(first, root) != root:
            first = above[first]
        if first != root and SCOPES[scope(nodes[below])] < SCOPES[scope(nodes[first])]:
            truth.maybe[package[root], package[below]] = "needed to run, and shown under what is not: by another way"


def scope(node):
    """The scope that a node below its project ends in."""
    return node.strip("()").split()[0].rpartition(":")[2]


def taken(node):
    """The artifact that a node stands for: of one that lost a conflict the version that won."""
    coordinates = node.strip("()").split()[0].split(":")
    version = coordinates[-2] if len(coordinates) > 4 else coordinates[-1]
    if won := re.search(r"omitted for conflict with ([^\s;)]+)", node):
        version = won[1]
    return f"{coordinates[0]}/{coordinates[1]}", version


def pom_truth(lockfile):
    """Maven's own model builder, run by `Pom.java`: what the file asks for, and what it leaves without a version."""
    home = re.search("Maven home: (.+)", command([*TOOLS["mvn"], "-v"], lockfile.parent))[1].strip()
    asked = command(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{home}/lib/*", Path(__file__).with_name("Pom.java"),
                     lockfile.name], lockfile.parent)
    root, *rest = [(f"{group}/{artifact}", version or None)
                   for _, group, artifact, version in (line.split("\t") for line in asked.splitlines())]
    if not rest:
        return None  # it asks for nothing
    truth = Graph({root}, source="Maven's model builder")
    for below in rest:
        if below[1] is None:
            truth.choices.append(frozenset({(root, below)}))  # driftgate is to say so
        else:
            truth.packages.add(below)
            truth.edge(root, below)
    return truth
