"""Haskell, Elixir and Erlang: cabal, mix, rebar3."""

import json
import re
import tempfile
from pathlib import Path

from graph import TOOLS, Graph, command, json_of


def cabal_truth(lockfile):
    """The plan that `cabal build --dry-run` writes under the freeze: packages alone, as the freeze holds no edges.

    It holds none of the project's own packages either, so those are left out of the plan.
    """
    with tempfile.TemporaryDirectory() as folder:
        command([*TOOLS["cabal"], "build", "all", "--dry-run", "--offline", f"--builddir={folder}"], lockfile.parent)
        plan = json.loads(Path(folder, "cache", "plan.json").read_text())["install-plan"]
    return Graph({(one["pkg-name"], one["pkg-version"]) for one in plan if one.get("style") != "local"},
                 source="cabal build --dry-run")


MIX_SCRIPT = """
lock = Mix.Dep.Lock.read()
hex = for {app, term} <- lock, elem(term, 0) == :hex, into: %{}, do: {app, Hex.Utils.lock(term)}
say = fn words -> IO.puts(Enum.join([":" | words], " ")) end
for {app, term} <- lock do
  case {hex[app], term} do
    {nil, {:git, _url, commit, _options}} -> say.([:package, app, app, commit])
    {one, _term} -> say.([:package, app, one.name, one.version])
  end
end
for {app, one} <- hex, {below, _requirement, _options} <- one.deps, do: say.([:locked, app, below])
for one <- Mix.Dep.load_and_cache(), below <- one.deps, do: say.([:loaded, one.app, below.app])
"""


def mix_truth(lockfile):
    """Mix's own lock, Hex's reading of its own entries, and who requires whom in what Mix loaded of the packages.

    `mix deps` and `mix deps.tree` print the same, but of a commit the first seven digits, and of packages that were not
    fetched no requirements. What the lock does not hold (an optional requirement, a folder of the project) is left out.
    """
    text = command([*TOOLS["mix"], "run", "--no-compile", "--no-deps-check", "--no-start", "-e", MIX_SCRIPT],
                   lockfile.parent)
    said = [line.split()[1:] for line in text.splitlines() if line.startswith(": ")]
    package = {words[1]: tuple(words[2:]) for words in said if words[0] == "package"}
    truth = Graph(source="Mix and Hex", packages=set(package.values()))
    for _, above, below in (words for words in said if words[0] != "package"):
        if above in package and below in package:
            truth.edge(package[above], package[below])
            if is_commit(package[above][1]):
                truth.maybe[package[above], package[below]] = "what a git repository requires is not in the lock"
    return truth


def is_commit(version):
    """Whether a version is a commit's, which no version of Hex is."""
    return re.fullmatch("[0-9a-f]{40}", version) is not None


REBAR3_PACKAGE = re.compile(r"[├└]─ (\S+?)─(\S+) \((hex package|git\w* repo)\)")


def rebar3_truth(lockfile):
    """`rebar3 tree`, and of a git repository the commit that rebar3 checked out. Packages alone: no lock holds edges.

    The tree would not do for edges, as it has each package once, below the one that asked for it first.
    """
    truth = Graph(source="rebar3 tree")
    for name, version, kind in REBAR3_PACKAGE.findall(command([*TOOLS["rebar3"], "tree"], lockfile.parent)):
        if kind != "hex package":
            folder = lockfile.parent / "_build" / "default" / "lib" / name
            version = command(["git", "rev-parse", "HEAD"], folder).strip()
        truth.packages.add((name, version))
    return truth


def stack_truth(lockfile):
    """`stack ls dependencies json`: the packages that Stack says a place outside the project of. Packages alone.

    It lists what the project is built of, so an extra package that nothing requires is not there; nor are snapshots,
    of which the project's stack.yaml names the first.
    """
    listed = json_of([*TOOLS["stack"], "ls", "dependencies", "json"], lockfile.parent)
    truth = Graph(source="stack ls dependencies")
    project = (lockfile.parent / "stack.yaml").read_text()
    for one in listed:
        place = one.get("location", {}).get("type", "project package")
        if place != "project package":
            package = (f"hackage/{one['name']}", one["version"])
            truth.packages.add(package)
            if place == "hackage" and f"{one['name']}-{one['version']}" not in project:
                truth.maybe[package] = "of the snapshot; the lock holds it only where the snapshot names no digest"
    for line in project.splitlines():
        key, _, address = line.partition("#")[0].partition(": ")
        if key in ("resolver", "snapshot"):
            reason = "a snapshot: Stack lists what is in it"
            truth.maybe[f"generic/{address.strip().rpartition('/')[2]}", None] = reason
            kind, _, version = address.strip().partition("-")
            truth.maybe[f"generic/stackage/{kind}", version] = reason
    return truth
