"""Copies a format's fixtures into a corpus and prints the path that the fuzzed file has in its tree."""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

format_id, corpus = sys.argv[1], pathlib.Path(sys.argv[2])
# DRIFTGATE names a binary that is built already.
program = [os.environ["DRIFTGATE"]] if "DRIFTGATE" in os.environ else ["cargo", "run", "-q", "--"]
listed = json.loads(subprocess.run([*program, "list", "formats", "-f", "json"], check=True, capture_output=True,
                                   text=True).stdout)
globs = [glob for entry in listed["formats"] if entry["id"] == format_id for glob in entry["files"]]
corpus.mkdir(parents=True, exist_ok=True)
names = {}
samples = {}
for case in sorted(pathlib.Path("fixtures/formats", format_id).iterdir()):
    for file in sorted(path for path in case.rglob("*") if path.is_file()) if case.is_dir() else []:
        below = file.relative_to(case).as_posix()
        if file.name in ("README.md", "README", "expected.snap"):
            continue
        if globs and not any(pathlib.PurePath(below).match(glob) for glob in globs):
            continue
        # The first entries of a big file are as good as all of them.
        content = file.read_bytes()[:32768]
        (corpus / hashlib.sha1(content).hexdigest()).write_bytes(content)
        installed = any("/" in glob for glob in globs) or below.startswith(("usr/", "var/", "lib/"))
        whole = below if installed else pathlib.PurePath(below).name
        # A folder that tells the format: .github/workflows.
        if below.startswith("."):
            whole = below
        names[whole] = names.get(whole, 0) + 1
        samples.setdefault(whole, file.read_bytes())
if not names:
    sys.exit(1)


def reaches(path):
    """Whether the format's reader is reached by this file alone, at this path, as in the target."""
    with tempfile.TemporaryDirectory() as folder:
        files = {path: samples[path]}
        if path.startswith(("usr/", "var/")):
            files["etc/os-release"] = b"ID=debian\nVERSION_ID=12\n"
        for name, content in files.items():
            file = pathlib.Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o755)
        found = subprocess.run([*program, "sbom", folder], capture_output=True, text=True)
        return f'"value": "{format_id}"' in found.stdout


common = sorted(names, key=lambda name: (-names[name], len(name), name))
print(next((name for name in common[:40] if reaches(name)), common[0]))
