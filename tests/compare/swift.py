"""Swift: Swift's package manager."""

from pathlib import Path
from urllib.parse import urlsplit

from graph import TOOLS, Graph, command, json_of


def swift_truth(lockfile):
    """`swift package show-dependencies`, and of what has no version the commit that it checked out. Packages alone.

    No lock holds edges. A package of a registry has its identity as its address; one of a folder is called by it.
    """
    tree = json_of([*TOOLS["swift"], "package", "--package-path", lockfile.resolve().parent, "show-dependencies",
                    "--format", "json"], lockfile.parent)
    truth = Graph(source="swift package show-dependencies")
    todo = list(tree["dependencies"])
    while todo:
        one = todo.pop()
        todo += one["dependencies"]
        version = one["version"]
        if version == "unspecified":
            if one["path"] == one["url"]:
                continue  # a folder that is no repository: it is not locked
            version = command(["git", "-c", "safe.directory=*", "rev-parse", "HEAD"], Path(one["path"])).strip()
        truth.packages.add((name(one), version))
    return truth


def name(one):
    """A package's purl: by its address, by its identity in a registry, or as it is called."""
    url = one["url"]
    if "://" not in url and not url.startswith("/") and ":" in url:
        url = "ssh://" + url.replace(":", "/", 1)  # as git and ssh write it
    parts = urlsplit(url)
    if parts.hostname:
        return f"swift/{parts.hostname}{parts.path.removesuffix('.git')}"
    if "/" not in url:
        return f"swift/{url.replace('.', '/', 1)}"
    return f"generic/{one['identity']}"
