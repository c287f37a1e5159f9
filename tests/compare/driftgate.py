"""What driftgate says of a lockfile, read out of its CycloneDX."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

from graph import PROJECT, Graph, NoTruth


def driftgate_graph(driftgate, lockfile, kind):
    """What driftgate's CycloneDX of one lockfile says, with the manifests of its workspace where it needs them."""
    if kind.alone:
        with tempfile.TemporaryDirectory() as folder:
            kind.alone(lockfile, Path(folder))
            return graph_of(driftgate, folder, kind)
    return graph_of(driftgate, lockfile, kind)


def graph_of(driftgate, lockfile, kind):
    """What driftgate's CycloneDX of a lockfile or a folder with one says."""
    done = subprocess.run([driftgate, "sbom", str(lockfile), "--format", "cyclonedx-json", "-o", "-"],
                          capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise NoTruth(f"driftgate exited {done.returncode}: {done.stderr.strip()[-400:]}")
    bom = json.loads(done.stdout)
    graph, package, problems, roots = Graph(), {}, [], set()
    components = list(bom.get("components", []))
    if "component" in bom.get("metadata", {}):
        components.append(bom["metadata"]["component"])
    inner = bom.get("metadata", {}).get("component", {}).get("components", [])
    for component in [*components, *inner]:
        for gap in (one["value"] for one in component.get("properties", []) if one["name"] == "driftgate:gap"):
            name, *parts = gap.split(" | ")
            above = [read_purl(part.removeprefix("from="), kind)[0] for part in parts if part.startswith("from=")]
            graph.gaps.add((above[0] if above else None, kind.normal(name)))
            for part in (part.removeprefix("candidate=") for part in parts if part.startswith("candidate=")):
                graph.gaps.add((above[0] if above else None, read_purl(part, kind)[0]))
    for component in components:
        subject = any(one.get("name") == "driftgate:subject" for one in component.get("properties", []))
        if "purl" not in component:
            if not subject and component.get("type") != "file" and component in bom.get("components", []):
                problems.append(f"component without a purl: {component.get('name')}")
            continue
        this = read_purl(component["purl"], kind)
        said = "/".join(filter(None, [component.get("group"), component["name"]]))
        said = kind.normal(said)
        called = this[0].partition("/")[2] if len(kind.purl_types) > 1 else this[0]
        if said != called or (component.get("version") or None) != this[1]:
            problems.append(f"{component['purl']} is called {said} {component.get('version')}")
        if platform := kind.purl_types == ("gem",) and re.search(r"[?&]platform=([^&#]+)", component["purl"]):
            # A gem's builds are told apart as Bundler does it, by the platform behind the version.
            this = (this[0], f"{this[1]}-{unquote(platform[1])}")
        properties = [(one["name"], one["value"]) for one in component.get("properties", [])]
        if any(name == "driftgate:in" and "root=true" in value for name, value in properties):
            roots.add(component["bom-ref"])
        package[component["bom-ref"]] = this
        graph.packages.add(this)
    subjects = {one["bom-ref"] for one in inner if kind.project}
    for node in bom.get("dependencies", []):
        # A file asks for packages where it does not name its project; else the project alone stands below it.
        if node["ref"] in subjects and not roots.issuperset(node.get("dependsOn", [])):
            package[node["ref"]] = PROJECT
            graph.packages.add(PROJECT)
        if node["ref"] in package:
            for below in node.get("dependsOn", []):
                if below in package:
                    graph.edge(package[node["ref"]], package[below])
    return graph, problems


def read_purl(purl, kind):
    """The name and version of a purl, its type checked."""
    body = purl.removeprefix("pkg:").split("#")[0].split("?")[0]
    type_, _, rest = body.partition("/")
    if type_ not in kind.purl_types:
        raise NoTruth(f"a {type_} purl in a lockfile of {' and '.join(kind.purl_types)}: {purl}")
    # The version's @ is the last one; an npm scope's own is percent-encoded, or stands first.
    path, at, version = rest.rpartition("@")
    if not at or not path:
        path, version = rest, None
    name = "/".join(unquote(part) for part in path.split("/"))
    return kind.name(type_, name), unquote(version) if version else None
