"""conda: pixi and conda-lock."""

from graph import TOOLS, Graph, json_of
from python import pep503


# Of each environment and platform, and of all that a package is built with: who is built (manager and name, or nobody),
# and of each package (manager, name, version, the names that it requires, the names that an extra of it requires).
#
# py-rattler tells neither `build_packages` and `host_packages` nor what a source without a version depends on. So
# rattler writes a lock of version 7 anew, in its own order; there each such list is laid as an environment, and each
# such source gets a version to be read with.
PIXI_SCRIPT = """
import json, pathlib, re, sys, tempfile
from rattler import MatchSpec
from rattler.lock import LockFile

NAME, NO_VERSION = r"[\\w.-]+", "0+not.known"
path, built = pathlib.Path(sys.argv[1]), {}
if re.search("^version: 7$", path.read_text(), re.M):
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name, "pixi.lock")
    LockFile.from_path(sys.argv[1]).to_path(path)
    environments, packages = path.read_text().split("\\npackages:\\n")
    packages = re.sub(r"^(- conda_source: .+\\n)(?!  version:)",
                      rf"\\1  version: {NO_VERSION}\\n  subdir: noarch\\n", packages, flags=re.M)
    platform = re.search("^- name: (.+)$", environments, re.M)[1]
    for entry in re.split("^(?=- )", packages, flags=re.M):
        for members in re.findall(r"^  (?:build|host)_packages:\\n((?:  - .+\\n)+)", entry, re.M):
            source = re.match(f"- conda_source: ({NAME})", entry)
            name = f"build {len(built)}"
            built[name] = ["conda", source[1]] if source else ["pypi", re.search("^  name: (.+)$", entry, re.M)[1]]
            members = "".join(f"    {member}\\n" for member in members.splitlines())
            environments += f"\\n  {name}:\\n    channels: []\\n    packages:\\n      {platform}:\\n{members.rstrip()}"
    path.write_text(f"{environments}\\npackages:\\n{packages}")

def described(one):
    if hasattr(one, "package_record"):
        record = one.package_record
        version = None if str(record.version) == NO_VERSION else str(record.version)
        names = lambda specs: [MatchSpec(spec, strict=False).name.normalized for spec in specs]
        of_extras = [spec for specs in record.extra_depends.values() for spec in specs]
        return "conda", record.name.normalized, version, names(record.depends), names(of_extras)
    of_extra = lambda text: bool(re.search(r";.*\\bextra\\b", text))
    names = lambda extra: [re.match(NAME, text)[0] for text in one.requires_dist if of_extra(text) == extra]
    return "pypi", one.name, str(one.version), names(False), names(True)

print(json.dumps([[built.get(name), [described(one) for one in environment.packages(platform) or []]]
                  for name, environment in LockFile.from_path(path).environments()
                  for platform in environment.platforms()]))
"""


CONDA_LOCK_SCRIPT = """
import json, pathlib, sys
from conda_lock.lockfile import parse_conda_lock_file
packages = parse_conda_lock_file(pathlib.Path(sys.argv[1])).package
described = lambda one: ["pypi" if one.manager == "pip" else "conda", one.name, one.version, list(one.dependencies), []]
print(json.dumps([[None, [described(one) for one in packages if one.platform == platform]]
                  for platform in sorted({one.platform for one in packages})]))
"""


def pixi_truth(lockfile):
    """rattler's reading: a requirement leads to the package of its name in the same environment and platform."""
    return conda_truth("rattler", PIXI_SCRIPT, lockfile)


def conda_lock_truth(lockfile):
    """conda-lock's own models."""
    return conda_truth("conda-lock", CONDA_LOCK_SCRIPT, lockfile)


def conda_truth(tool, script, lockfile):
    """Packages of conda and of Python's index in one graph: what Python's does not have may be conda's.

    Of what a package is built with, it asks for what nothing else there requires.
    """
    truth = Graph(source=tool)
    called = lambda manager, name: (manager, pep503(name) if manager == "pypi" else name.lower())
    spelled = lambda manager, name: pep503(name) if manager == "pypi" else name
    locked = [(owner, packages, {called(manager, name): (f"{manager}/{spelled(manager, name)}", known(version))
                                 for manager, name, version, *_ in packages})
              for owner, packages in json_of([*TOOLS[tool], "-c", script, lockfile.resolve()], lockfile.parent)]
    of_extras, built = set(), []
    for owner, packages, found in locked:
        truth.packages |= set(found.values())
        projects = {pep503("torch" if name == "pytorch" else name): found[called("conda", name)]
                    for manager, name, *_ in packages if manager == "conda"}
        edges = set()
        for manager, name, _, requires, of_extra in packages:
            for below in [*requires, *of_extra]:
                other = found.get(called(manager, below)) or (manager == "pypi" and projects.get(pep503(below)))
                if other and other != found[called(manager, name)]:
                    (edges if below in requires else of_extras).add((found[called(manager, name)], other))
        truth.edges |= edges
        if owner:
            built.append((called(*owner), set(found.values()) - {below for _, below in edges}))
    for owner, asked in built:
        for above in {found[owner] for _, _, found in locked if owner in found}:
            for below in asked:
                truth.edge(above, below)
    truth.maybe |= {edge: "an extra's, and the lock does not say which are on" for edge in of_extras - truth.edges}
    return truth


def known(version):
    """A version, or None where the tool says that it does not know one."""
    return None if version is None or "<" in version else version
