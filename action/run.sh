#!/usr/bin/env bash
# What the GitHub action runs: one check with all its reports, then the comment on the pull request and code scanning.
# That either can't be written is said and fails nothing: the check alone decides.
set -euo pipefail

driftgate=${DRIFTGATE:-$RUNNER_TEMP/driftgate/bin/driftgate}
# A folder of this run alone: what another check of the job wrote says nothing of this one.
reports=$(mktemp -d "$RUNNER_TEMP/driftgate-report-XXXXXX")
# For `gh` alone, which takes another variable for a server of an enterprise, and github.com where no host is named.
token=${GH_TOKEN:-}
unset GH_TOKEN
host=${GITHUB_SERVER_URL:-https://github.com}
host=${host#*://}
api() { GH_HOST=${host%%/*} GH_TOKEN=$token GH_ENTERPRISE_TOKEN=$token gh api "$@"; }

more=()
# Parted by blanks, and nothing in it is read by the shell.
read -r -d '' -a more <<<"${CHECK_ARGUMENTS:-}" || true

code=0
if ! command -v "$driftgate" >/dev/null; then
  code=127
  echo "there is no program $driftgate" >"$reports/stderr.txt"
else
  "$driftgate" check --format github --format "terminal=$reports/report.txt" --format "markdown=$reports/report.md" \
    --format "json=$reports/report.json" --format "sarif=$reports/report.sarif" ${more[@]+"${more[@]}"} \
    -- "${CHECK_PATH:-.}" 2>"$reports/stderr.txt" || code=$?
fi

say() { echo "driftgate: $1" >&2; }

# What a program says, without what a terminal or the runner obeys.
harmless() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' |
    LC_ALL=C sed -e 's/\(##[A-Za-z]*\)\[/\1\\u{5b}/g' -e 's/^\([[:blank:]]*\)::/\1\\u{3a}:/'
}

# Says whether the reports are whole: they tell the exit code that the check ended with.
is_reported() {
  case $code in
    0 | 1 | 2) [ -s "$reports/report.md" ] && grep -Eqs "\"exitCode\": ?$code([^0-9]|\$)" "$reports/report.sarif" ;;
    *) false ;;
  esac
}

# The end of what the check said, for it ends with its error.
last_words() {
  local LC_ALL=C text
  text=$(tail -c 4000 "$reports/stderr.txt" | harmless)
  # What is left of a character that was cut.
  while [[ $text == [$'\x80'-$'\xbf']* ]]; do text=${text#?}; done
  printf '%s' "${text:-it said nothing}"
}

# The beginning of a text, as long as a message may be, and no part of a character.
beginning() {
  local LC_ALL=C text
  text=${1:0:2000}
  if [ "$text" != "$1" ]; then
    while [[ $text == *[$'\x80'-$'\xbf'] ]]; do text=${text%?}; done
    text=${text%[$'\xc0'-$'\xff']}…
  fi
  printf '%s' "$text"
}

# Escapes a message, and a property, as the runner reads them.
data() {
  local text=$1
  text=${text//'%'/%25} text=${text//$'\r'/%0D}
  printf '%s' "${text//$'\n'/%0A}"
}
property() {
  local text
  text=$(data "$1")
  text=${text//:/%3A}
  printf '%s' "${text//,/%2C}"
}

# The first place that a text names, `reading the policy: driftgate.toml:19:13: …`, as properties of an annotation.
place() {
  local line rest file form='^([^:]+):([0-9]+):([0-9]+): '
  while IFS= read -r line; do
    rest=${line#driftgate: }
    while [ -n "$rest" ]; do
      if [[ $rest =~ $form ]]; then
        # Named from the folder that is checked, or from the root of the repository.
        for file in "${folder:+$folder/}${BASH_REMATCH[1]}" "${BASH_REMATCH[1]}"; do
          [ -f "$file" ] || continue
          printf 'file=%s,line=%s,col=%s,' "$(property "$file")" "${BASH_REMATCH[2]}" "${BASH_REMATCH[3]}"
          return
        done
      fi
      case $rest in *': '*) rest=${rest#*: } ;; *) rest= ;; esac
    done
  done <<<"$1"
}

# Says that there was no check, where its report would stand, so that no older one is taken for its.
unreported() {
  local words fence='```'
  words=$(last_words)
  while [[ $words == *"$fence"* ]]; do fence+='`'; done
  {
    printf '## driftgate: the check did not run\n\n'
    printf 'It ended with exit code %s and without a whole report. What it said:\n\n' "$code"
    printf '%stext\n%s\n%s\n' "$fence" "$words" "$fence"
  } >"$reports/report.md"
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
    { printf '\n\n'; cat "$reports/report.md"; } >>"$GITHUB_STEP_SUMMARY" || say "the job's summary could not be written"
  fi
  printf '::error %stitle=driftgate%%3A the check did not run::%s\n' "$(place "$words")" "$(data "$(beginning "$words")")"
}

# The folder as people write it, from the root of the repository; empty for the root itself.
folder=${CHECK_PATH:-.}
folder=${folder#"${GITHUB_WORKSPACE:-}/"}
while [[ $folder == ./* ]]; do folder=${folder#./}; done
while [[ $folder == ?*/ ]]; do folder=${folder%/}; done
[ "$folder" != . ] || folder=

# A text as a comment's mark and an analysis can hold it: bytes beside letters, digits and `-._/` as `%20`.
plain() {
  local LC_ALL=C text=$1 at byte out=
  for ((at = 0; at < ${#text}; at++)); do
    byte=${text:at:1}
    case $byte in
      [A-Za-z0-9._/-]) out+=$byte ;;
      *)
        printf -v byte '%d' "'$byte"
        printf -v byte '%%%02X' $((byte & 255))
        out+=$byte
        ;;
    esac
  done
  printf '%s' "$out"
}
# What tells this check from others of the repository.
category=$(plain "${CATEGORY:-$folder}")

harmless <"$reports/stderr.txt" >&2
[ ! -s "$reports/report.txt" ] || cat "$reports/report.txt"
reported=true
if ! is_reported; then
  reported=false
  unreported
  # No green job for a check that no report is of.
  [ "$code" -gt 1 ] || code=2
fi
{
  echo "exit-code=$code"
  echo "report=$reports"
} >>"$GITHUB_OUTPUT"

# One comment a check and pull request: found again by its first line among those that this token wrote, and changed.
# GraphQL says which those are; by REST a token of an app may not even ask who it is. GraphQL's own number of a comment ends
# at 31 bits, so its address says it.
comment() {
  local mark="<!-- driftgate${category:+: $category} -->" body=$reports/comment.md query found id first
  # shellcheck disable=SC2016 # The variables are GraphQL's.
  query='query($owner: String!, $name: String!, $number: Int!, $endCursor: String) {
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { comments(first: 100, after: $endCursor) {
      nodes { url body viewerDidAuthor } pageInfo { hasNextPage endCursor } } } } }'
  {
    echo "$mark"
    [ -z "$category" ] || printf '\140%s\140\n\n' "$category"
    cat "$reports/report.md"
  } >"$body"
  found=$(api graphql --paginate --raw-field "query=$query" --raw-field "owner=${GITHUB_REPOSITORY%%/*}" \
    --raw-field "name=${GITHUB_REPOSITORY#*/}" --field "number=$PULL_REQUEST" \
    --jq ".data.repository.pullRequest.comments.nodes[] | select(.viewerDidAuthor and (.body | startswith(\"$mark\")))
      | .url | split(\"issuecomment-\")[1]") || return 1
  read -r first <"$reports/report.md"
  if [ -z "$found" ] && [ "$first" != '## driftgate: clean' ]; then
    api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" --field "body=@$body" || return 1
  fi
  # Two, where two jobs wrote their first at once.
  for id in $found; do
    api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$body" || return 1
  done
}

# Code scanning keeps one analysis a tool and category, which is the id up to its last slash, and has no ear for suppressions:
# what is waived is left out, and its alert is closed.
scanning() {
  local packed=$reports/sarif.txt commit=$GITHUB_SHA ref=$GITHUB_REF
  if [ -n "$tree" ] && [ "$tree" = "${HEAD_SHA:-}" ]; then
    # The branch itself is checked out, and not what comes of merging it.
    commit=$tree ref=refs/pull/$PULL_REQUEST/head
  elif [ "${GITHUB_EVENT_NAME:-}" = pull_request_target ] && [ "$tree" != "$GITHUB_SHA" ]; then
    # Alerts of the pull request would become the target branch's.
    warn "code scanning was sent nothing: what is checked out is neither the pull request's last commit nor its target's"
    return
  fi
  jq --compact-output --arg id "driftgate/${category:+$category/}" '.runs[0] |= (.automationDetails = {id: $id}
    | .results |= map(select((.suppressions // []) == []) | del(.suppressions)))' "$reports/report.sarif" |
    gzip -nc | base64 | tr -d '\n' >"$packed" || return 1
  api --silent --method POST "repos/$GITHUB_REPOSITORY/code-scanning/sarifs" --raw-field "commit_sha=$commit" \
    --raw-field "ref=$ref" --field "sarif=@$packed"
}

# Says why something could not be written, for whom it is to mend.
unwritten() {
  if ! command -v gh >/dev/null; then
    warn "$1: this runner has no gh"
  elif [ "${GITHUB_EVENT_NAME:-}" = pull_request ] && [ "${HEAD_REPOSITORY:-}" != "$GITHUB_REPOSITORY" ]; then
    say "$1: GitHub lets no job of a fork's pull request write; the job's summary holds the same"
  else
    warn "$1; has the job the permission $2?"
  fi
}
warn() { printf '::warning title=driftgate::%s\n' "$(data "$1")"; }

# The commit that is checked out, where git can say it.
tree=$(git -C "${CHECK_PATH:-.}" rev-parse HEAD 2>/dev/null || git rev-parse HEAD 2>/dev/null) || tree=
if [ "${WITH_COMMENT:-true}" = true ] && [ -n "${PULL_REQUEST:-}" ]; then
  if [ "${GITHUB_EVENT_NAME:-}" = pull_request_target ] && [ "$tree" = "$GITHUB_SHA" ]; then
    warn "no comment: what is checked out is the branch that the pull request is against, and not the pull request"
  else
    comment || unwritten "the comment could not be written" "pull-requests: write"
  fi
fi
if [ "${WITH_SARIF:-false}:$reported" = true:true ]; then
  if ! command -v jq >/dev/null; then
    warn "code scanning was sent nothing: this runner has no jq"
  else
    scanning || unwritten "code scanning took nothing" "security-events: write"
  fi
fi
exit "$code"
