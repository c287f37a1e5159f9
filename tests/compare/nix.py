"""Nix: the inputs of a flake."""

import re
from urllib.parse import parse_qs, urlsplit

from graph import PROJECT, TOOLS, Graph, NoTruth, command

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
INPUT = re.compile(r"((?:│   |    )*)[├└]───(\S+?)(?:: (\S+)(?: \(.*\))?| follows input '(.*)')")


def nix_truth(lockfile):
    """The tree that `nix flake metadata` prints: each input as Nix locked it, or the path of inputs that it follows.

    Its JSON would be the lockfile once more. What is locked is not fetched, so it answers without a network.
    """
    text = command([*TOOLS["nix"], "--extra-experimental-features", "nix-command flakes", "flake", "metadata",
                    "--offline", "--no-update-lock-file", "path:."], lockfile.parent)
    truth = Graph(source="nix flake metadata")
    locked, follows, path = {(): PROJECT}, {}, []
    for line in COLOURS.sub("", text).partition("\nInputs:\n")[2].splitlines():
        if not (found := INPUT.fullmatch(line)):
            raise NoTruth(f"nix flake metadata: a line of another form: {line}")
        indent, name, reference, followed = found.groups()
        path = [*path[:len(indent) // 4], name]
        if reference:
            locked[tuple(path)] = package(name, reference)
        else:
            follows[tuple(path)] = [step for step in followed.split("/") if step]

    def at(path):
        """The place that a path of inputs leads to, each step of which may follow another."""
        place = ()
        for step in path:
            place = (*place, step)
            place = at(follows[place]) if place in follows else place
        return place

    truth.packages = set(locked.values())
    for path in [*locked, *follows]:
        above, below = locked[at(path[:-1])], locked[at(path)]
        if below != PROJECT:  # an input that follows the flake itself, which stands for one that is left out
            truth.edge(above, below)
    return truth


def package(input_name, reference):
    """A locked reference as a package: of a forge by owner and name, of git by its folder's name, else as the input."""
    url = urlsplit(reference.removeprefix("git+").removeprefix("hg+"))
    revision = parse_qs(url.query).get("rev", [None])[0]
    if url.scheme == "github":
        owner, name, revision = url.path.split("/")
        return f"github/{owner}/{name}".lower(), revision
    if url.scheme in ("gitlab", "sourcehut"):
        _, name, revision = url.path.split("/")
        return f"generic/{name}", revision
    if reference.startswith(("git+", "hg+")):
        path = url.path.removesuffix(".git")
        owner, _, name = path.lstrip("/").rpartition("/")
        return (f"github/{owner}/{name}".lower() if url.netloc == "github.com" else f"generic/{name}"), revision
    return f"generic/{input_name}", revision
