"""Rust: cargo."""

import tomllib
from collections import defaultdict

from graph import Graph, NoTruth, json_of


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
