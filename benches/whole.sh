#!/usr/bin/env bash
# Times whole runs of driftgate beside a floor and git, and prints a Markdown table.
#
#   benches/whole.sh DRIFTGATE FLOOR INPUTS [RUNS]
#
# DRIFTGATE is the binary; FLOOR a program that only reads a file or folder (benches/floor.rs; `-` for none), called
# with that path; INPUTS the folder that benches/inputs.py wrote. Needs hyperfine, GNU time, git and python3.
# wall, user and sys are hyperfine's means over RUNS (10) after one warm-up; peak RSS is GNU time's, of one run.
set -euo pipefail

driftgate=$(realpath "$1")
floor=$([ "$2" = - ] && echo - || realpath "$2")
inputs=$(realpath "$3")
runs=${4:-10}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# What each check is held to: its own tree's BOM, so a run ends clean.
declare -A pinned
pin() {
  pinned[$1]="$scratch/$1.cdx.json"
  "$driftgate" pin "$2" --bom "${pinned[$1]}" > pin.log 2>&1 || { echo "pin $2 failed:" >&2; cat pin.log >&2; exit 2; }
}

# row TITLE COMMAND...: one line of the table
row() {
  local title=$1 status rss
  shift
  local line
  line=$(printf '%q ' "$@")
  set +e
  /usr/bin/time -f %M -o rss "$@" > /dev/null 2> stderr
  status=$?
  set -e
  rss=$(tail -n 1 rss)
  hyperfine --shell=none --ignore-failure --style none --warmup 1 --runs "$runs" --export-json timing.json \
    --output null "$line" > /dev/null 2> hyperfine.log || { cat hyperfine.log >&2; exit 2; }
  python3 - "$title" "$status" "$rss" <<'PYTHON'
import json, sys
title, status, rss = sys.argv[1:]
run = json.load(open("timing.json"))["results"][0]
milliseconds = lambda key: f"{run[key] * 1000:.1f}"
spread = f"{(run.get('stddev') or 0) * 1000:.1f}"
print(f"| {title} | {milliseconds('mean')} ± {spread} | {milliseconds('min')} | {milliseconds('user')} "
      f"| {milliseconds('system')} | {int(rss) / 1024:.1f} | {status} |")
PYTHON
}

# both TITLE PATH KEY: sbom, check and the floor on one path
both() {
  row "sbom, $1" "$driftgate" sbom "$2" --format cyclonedx-json -o "$scratch/out.json"
  row "check, $1" "$driftgate" check "$2" --bom "${pinned[$3]}"
  if [ "$floor" != - ]; then row "floor, $1" "$floor" "$2"; fi
}

pinned[empty]="$scratch/empty.cdx.json"
"$driftgate" sbom "$inputs/empty" -o "${pinned[empty]}" 2> /dev/null
pin npm "$inputs/big/package-lock.json"
pin uv "$inputs/big/uv.lock"
pin monorepo "$inputs/monorepo"

size() { find "$1" -type f -printf '%s\n' | awk '{ bytes += $1 } END { printf "%.2f MB", bytes / 1e6 }'; }
echo "driftgate: $("$driftgate" --version), $(stat -c %s "$driftgate" | awk '{ printf "%.1f MB", $1 / 1e6 }');" \
  "$(nproc) cores; $runs runs each"
echo
echo '| run | wall ms | min ms | user ms | sys ms | peak RSS MiB | exit |'
echo '| --- | ---: | ---: | ---: | ---: | ---: | ---: |'
row "--version" "$driftgate" --version
both "an empty folder" "$inputs/empty" empty
both "package-lock.json ($(size "$inputs/big/package-lock.json"))" "$inputs/big/package-lock.json" npm
both "uv.lock ($(size "$inputs/big/uv.lock"))" "$inputs/big/uv.lock" uv
row "diff, two BOMs of 5,000" "$driftgate" diff "$inputs/bom/old.cdx.json" "$inputs/bom/new.cdx.json" \
  --format json -o "$scratch/diff.json"
row "git diff --no-index, the same two" git diff --no-index "$inputs/bom/old.cdx.json" "$inputs/bom/new.cdx.json"
if [ "$floor" != - ]; then row "floor, the old one of the two" "$floor" "$inputs/bom/old.cdx.json"; fi
both "monorepo, 1,000 lockfiles ($(size "$inputs/monorepo"))" "$inputs/monorepo" monorepo
