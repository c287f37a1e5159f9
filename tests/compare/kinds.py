"""The kinds of lockfiles: which files they are, which tool answers for them, and how their packages are named."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from conan import conan_truth
from conda import conda_lock_truth, pixi_truth
from cran import renv_truth
from functional import cabal_truth, mix_truth, rebar3_truth, stack_truth
from go import go_mod_graph_truth, go_mod_truth, go_program_truth, go_vendor_truth, go_work_truth
from graph import SKIPPED_FOLDERS
from javascript import alone, bun_truth, deno_truth, npm_truth, pnpm_truth, yarn_truth
from jvm import dependency_tree_truth, pom_truth
from nix import nix_truth
from php import as_installed, composer_installed_truth, composer_truth
from python import pdm_truth, pep503, pip_truth, pipenv_truth, poetry_truth, pylock_truth, requirements_truth, uv_truth
from ruby import bundler_truth
from rust import cargo_truth
from swift import swift_truth


@dataclass(frozen=True)
class Kind:
    """One kind of lockfile."""
    truth: Callable  # Path -> Graph, or None where no tool wrote the file
    files: str  # a pattern that the whole file name matches
    purl_types: tuple = ("pypi",)
    project: bool = False  # the truth says what the project itself asks for, though the file does not name it
    alone: Callable | None = None  # lays it and what belongs to it where driftgate reads nothing else

    def normal(self, name):
        """A name as its ecosystem compares it."""
        if self.purl_types == ("maven",):
            return name.replace(":", "/")  # a gap is called `group:artifact`
        return pep503(name) if self.purl_types == ("pypi",) else name

    def name(self, purl_type, name):
        """The name in a purl as it is compared, its ecosystem before it where the kind has several."""
        name = pep503(name) if purl_type == "pypi" else name
        return f"{purl_type}/{name}" if len(self.purl_types) > 1 else name


KINDS = [
    Kind(cargo_truth, r"Cargo\.lock", ("cargo",)),
    Kind(bundler_truth, r"Gemfile\.lock|gems\.locked", ("gem",), project=True),
    Kind(composer_truth, r"composer\.lock", ("composer",), project=True),
    Kind(composer_installed_truth, r"installed\.json", ("composer",), project=True, alone=as_installed),
    Kind(cabal_truth, r"cabal(\..+)?\.project\.freeze", ("hackage",)),
    Kind(stack_truth, r"stack(-.+)?\.yaml\.lock", ("hackage", "generic")),
    Kind(mix_truth, r"mix\.lock", ("hex",)),
    Kind(rebar3_truth, r"rebar\.lock", ("hex",)),
    Kind(nix_truth, r"flake\.lock", ("generic", "github"), project=True),
    Kind(swift_truth, r"Package\.resolved", ("swift", "generic")),
    Kind(renv_truth, r"renv\.lock", ("cran",)),
    Kind(conan_truth, r"conan\.lock", ("conan",), project=True),
    Kind(go_mod_truth, r"go\.mod", ("golang",)),
    Kind(go_mod_graph_truth, r"go-mod-graph.*\.txt", ("golang",)),
    Kind(go_vendor_truth, r"modules\.txt", ("golang",)),
    Kind(go_work_truth, r"go\.work", ("golang",)),
    Kind(go_program_truth, r".+\.go-program", ("golang",)),
    Kind(dependency_tree_truth, r".*dependency-tree.*\.(txt|dot|json)", ("maven",)),
    Kind(pom_truth, r"pom\.xml", ("maven",)),
    Kind(uv_truth, r"uv\.lock"),
    Kind(poetry_truth, r"poetry\.lock"),
    Kind(pdm_truth, r"pdm\.lock"),
    Kind(pipenv_truth, r"Pipfile\.lock"),
    Kind(pylock_truth, r"pylock(\.[^.]+)?\.toml"),
    Kind(pip_truth, r"pip-(inspect|report)\.json"),
    Kind(requirements_truth, r"requirements[\w.-]*\.txt"),
    Kind(pixi_truth, r"pixi\.lock", ("conda", "pypi")),
    Kind(conda_lock_truth, r"conda-lock\.yml", ("conda", "pypi")),
    Kind(npm_truth, r"package-lock\.json|npm-shrinkwrap\.json", ("npm",)),
    Kind(pnpm_truth, r"pnpm-lock\.yaml", ("npm",), alone=alone),
    Kind(yarn_truth, r"yarn\.lock", ("npm",), alone=alone),
    Kind(bun_truth, r"bun\.lock", ("npm",), alone=alone),
    Kind(deno_truth, r"deno\.lock", ("npm",), alone=alone),
]


def lockfiles(folder):
    """Every lockfile under a folder (or the one file), and its kind, in order."""
    paths = [folder] if folder.is_file() else []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in SKIPPED_FOLDERS and not one.startswith("."))
        paths += [Path(place, name) for name in sorted(names)]
    for path in paths:
        if path.name == "package-lock.json" and (path.parent / "npm-shrinkwrap.json").exists():
            continue  # npm reads the shrinkwrap alone
        yield from ((path, kind) for kind in KINDS if re.fullmatch(kind.files, path.name))
