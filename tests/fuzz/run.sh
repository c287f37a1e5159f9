#!/usr/bin/env bash
# Fuzzes every format for SECONDS each, or those named, from their own fixtures; then names and images. A folder of
# src/formats with a slash (`npm/`) is a family, whose formats share the time.
#   tests/fuzz/run.sh SECONDS [FORMAT|FAMILY/...]
# Needs a nightly toolchain and cargo-fuzz. A finding stops the run, and its input stays in tests/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?how many seconds for each}
shift
root=$PWD
dir=tests/fuzz
# FUZZ_BUILT=1 takes what is built already.
[ -n "${FUZZ_BUILT:-}" ] || cargo +nightly fuzz build --fuzz-dir "$dir" --release
binary() { echo "$root/$dir/target/x86_64-unknown-linux-gnu/release/$1"; }
# Nothing that was read is ever freed (texts are kept once), so that a process lasts but some time.
slice=60
if [ $# -gt 0 ]; then formats=("$@"); else
  mapfile -t formats < <(cd fixtures/formats && ls -d */ | tr -d /)
  formats+=(names image)
fi
fuzz() { # target, corpus, name
  local left=$seconds runs=0 part
  mkdir -p "$dir/corpus/$2" "$dir/artifacts/$2"
  while [ "$left" -gt 0 ]; do
    part=$((left < slice ? left : slice))
    left=$((left - part))
    local log
    log=$(DRIFTGATE_FILE="${3:-}" "$(binary "$1")" "$root/$dir/corpus/$2" -artifact_prefix="$root/$dir/artifacts/$2/" \
      -max_total_time="$part" -max_len=65536 -timeout=20 -rss_limit_mb=6144 -print_final_stats=1 -detect_leaks=0 2>&1) ||
      { echo "$log" | tail -n 40; echo "$2 ($3): a finding"; return 1; }
    runs=$((runs + $(echo "$log" | sed -n 's/^stat::number_of_executed_units: *//p')))
  done
  echo "$2${3:+ ($3)}: $runs executions in $seconds s"
}
one() { # format, or names, or image
  local format=$1 name
  case $format in
    names)
      mkdir -p "$dir/corpus/names"
      grep -rhoE '"pkg:[^"]+"' fixtures/conformance/purl | tr -d '"' | sed -n '1,400p' |
        while read -r line; do printf '%s' "$line" >"$dir/corpus/names/$(printf '%s' "$line" | cksum | cut -d' ' -f1)"; done
      fuzz names names
      ;;
    image)
      mkdir -p "$dir/corpus/image"
      cp fixtures/demo/api-image.tar "$dir/corpus/image/"
      fuzz image image
      ;;
    *)
      # The commonest name of a file of this format among its fixtures, and all files of that name as seeds.
      name=$(python3 "$dir/seeds.py" "$format" "$dir/corpus/$format") || { echo "$format: no seeds"; return 0; }
      fuzz format "$format" "$name"
      ;;
  esac
}
total=$seconds
for format in "${formats[@]}"; do
  if [[ $format != */ ]]; then
    one "$format"
    continue
  fi
  mapfile -t of_family < <(grep -rhoE '^    pub [A-Za-z0-9]+ = "[a-z0-9-]+"' "src/formats/$format" | cut -d'"' -f2 | sort)
  # Those without fixtures of their own have no seeds.
  with_seeds=()
  for id in "${of_family[@]}"; do [ -d "fixtures/formats/$id" ] && with_seeds+=("$id"); done
  seconds=$(((total + ${#with_seeds[@]} - 1) / (${#with_seeds[@]} > 0 ? ${#with_seeds[@]} : 1)))
  for id in "${with_seeds[@]}"; do one "$id"; done
  seconds=$total
done
