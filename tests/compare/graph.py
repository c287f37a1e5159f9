"""What a comparison is made of: the graph that each side gives, and how a tool is asked for its."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

# What asks for packages where the lockfile does not name the project.
PROJECT = ("the project itself", None)
SKIPPED_FOLDERS = {"node_modules", "target", "deps", "_build"}  # and hidden ones
# The names by which `--tool` gives another command than the name's own.
TOOLS = {**{name: [name] for name in ("pnpm", "yarn", "bun", "deno", "pdm", "pipenv", "ruby", "composer", "cabal", "mix",
                                      "rebar3", "nix", "conan", "go", "mvn", "swift", "Rscript", "stack")},
         "pnpm-8": ["pnpm"], "yarn-1": ["yarn"], "conan-1": ["conan"],
         **{name: [sys.executable] for name in ("packaging", "rattler", "conda-lock")}}


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


def draw(truth, above, below):
    """An edge where both ends are one package, a choice where the file names several that would do."""
    pairs = {(one, other) for one in above for other in below if one != other}
    if len(pairs) == 1:
        truth.edges |= pairs
    elif pairs:
        truth.choices.append(frozenset(pairs))


def command(arguments, folder, needs_success=True):
    """What a command prints on stdout."""
    try:
        done = subprocess.run([str(argument) for argument in arguments], cwd=folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
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
