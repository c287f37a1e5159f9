#!/usr/bin/env bash
# What the GitHub action runs: one check with all its reports, then the comment on the pull request and code scanning.
# That either can't be written is said and fails nothing: the check alone decides.
set -euo pipefail

driftgate=${DRIFTGATE:-$RUNNER_TEMP/driftgate/bin/driftgate}
reports=$RUNNER_TEMP/driftgate-report
mkdir -p "$reports"
more=()
# Parted by blanks, and nothing in it is read by the shell.
read -r -d '' -a more <<<"${CHECK_ARGUMENTS:-}" || true

code=0
"$driftgate" check "${CHECK_PATH:-.}" --format github --format "terminal=$reports/report.txt" \
  --format "markdown=$reports/report.md" --format "json=$reports/report.json" --format "sarif=$reports/report.sarif" \
  ${more[@]+"${more[@]}"} || code=$?
# Where the arguments or the policy are wrong, there is no report.
[ ! -s "$reports/report.txt" ] || cat "$reports/report.txt"
{
  echo "exit-code=$code"
  echo "report=$reports"
} >>"$GITHUB_OUTPUT"

say() { echo "driftgate: $1" >&2; }

# One comment a pull request: found again by its first line, and changed.
comment() {
  local number=${GITHUB_REF#refs/pull/} mark='<!-- driftgate -->' body=$reports/comment.md found
  number=${number%%/*}
  { echo "$mark"; cat "$reports/report.md"; } >"$body"
  found=$(gh api --paginate "repos/$GITHUB_REPOSITORY/issues/$number/comments" \
    --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1) || return 1
  if [ -n "$found" ]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$found" --field "body=@$body"
  else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$number/comments" --field "body=@$body"
  fi
}

scanning() {
  local packed=$reports/sarif.txt
  gzip -nc "$reports/report.sarif" | base64 | tr -d '\n' >"$packed"
  gh api --silent --method POST "repos/$GITHUB_REPOSITORY/code-scanning/sarifs" --raw-field "commit_sha=$GITHUB_SHA" \
    --raw-field "ref=$GITHUB_REF" --field "sarif=@$packed"
}

if [ -s "$reports/report.md" ]; then
  case ${WITH_COMMENT:-true}:${GITHUB_REF:-} in
    true:refs/pull/*) comment || say "the comment could not be written; has the job the permission pull-requests: write?" ;;
  esac
  if [ "${WITH_SARIF:-false}" = true ]; then
    scanning || say "code scanning took nothing; has the job the permission security-events: write?"
  fi
fi
exit "$code"
