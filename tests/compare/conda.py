"""conda: pixi and conda-lock."""

from graph import TOOLS, Graph, json_of
from python import pep503


# Of each environment and platform: (manager, name, version, the names that it requires).
PIXI_SCRIPT = """
import json, re, sys
from rattler.lock import LockFile
name = lambda text: re.match(r"[\\w.-]+", text)[0]
def described(one):
    if hasattr(one, "package_record"):
        record = one.package_record
        return "conda", record.name.normalized, str(record.version), [name(spec) for spec in record.depends]
    return "pypi", one.name, str(one.version), [name(spec) for spec in one.requires_dist]
print(json.dumps([[described(one) for one in environment.packages(platform) or []]
                  for _, environment in LockFile.from_path(sys.argv[1]).environments()
                  for platform in environment.platforms()]))
"""


CONDA_LOCK_SCRIPT = """
import json, pathlib, sys
from conda_lock.lockfile import parse_conda_lock_file
packages = parse_conda_lock_file(pathlib.Path(sys.argv[1])).package
print(json.dumps([[["pypi" if one.manager == "pip" else "conda", one.name, one.version, list(one.dependencies)]
                   for one in packages if one.platform == platform]
                  for platform in sorted({one.platform for one in packages})]))
"""


def pixi_truth(lockfile):
    """rattler's reading: a requirement leads to the package of its name in the same environment and platform."""
    return conda_truth("rattler", PIXI_SCRIPT, lockfile)


def conda_lock_truth(lockfile):
    """conda-lock's own models."""
    return conda_truth("conda-lock", CONDA_LOCK_SCRIPT, lockfile)


def conda_truth(tool, script, lockfile):
    """Packages of conda and of Python's index in one graph: what Python's does not have may be conda's."""
    truth = Graph(source=tool)
    for packages in json_of([*TOOLS[tool], "-c", script, lockfile.resolve()], lockfile.parent):
        called = lambda manager, name: (manager, pep503(name) if manager == "pypi" else name)
        found = {called(manager, name): (f"{manager}/{called(manager, name)[1]}", None if "<" in version else version)
                 for manager, name, version, _ in packages}
        truth.packages |= set(found.values())
        for manager, name, _, requires in packages:
            for below in requires:
                in_conda = "pytorch" if (manager, below) == ("pypi", "torch") else below
                other = found.get(called(manager, below)) or found.get(called("conda", in_conda))
                if other:
                    truth.edge(found[called(manager, name)], other)
    return truth
