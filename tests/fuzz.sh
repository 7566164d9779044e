#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every fuzz target runs its corpus, then all of them share FUZZ_SECONDS (default 300): a target whose code
# changed since the base of the branch comes first and gets a share three times as large.
#   tests/fuzz.sh [TARGET...]      FUZZ_SECONDS=60 tests/fuzz.sh dns tls
# An input that breaks a target is kept in its corpus folder, where it is a test from then on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
build=${SIGHTLINE_BUILD_FUZZ:-build-fuzz}
seconds=${FUZZ_SECONDS:-300}
jobs=$(nproc)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What changed: against the branch's base on main, or the commit before.
base=
for ref in origin/main main; do
	if [[ -z $base ]] && git rev-parse -q --verify "$ref" >/dev/null; then
		base=$(git merge-base HEAD "$ref")
	fi
done
if [[ -z $base || $base == $(git rev-parse HEAD) ]]; then
	base=$(git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)
fi
changed=$(git diff --name-only "$base" -- lib include tests)

# A target lies in tests/<folder>/, and fuzzes lib/<folder>. Lines: weight, folder, name.
list() {
	local line folder name weight
	while read -r line; do
		name=${line%%$'\t'*} folder=${line##*$'\t'} weight=1
		if grep -qE "^(lib|tests)/$folder/|^include/sightline/$folder\.h" <<<"$changed"; then
			weight=3
		fi
		printf '%s\t%s\t%s\n' "$weight" "$folder" "$name"
	done | sort -t$'\t' -k1,1nr -k2,3
}
meson introspect --targets "$build" | python3 -c '
import json, os, sys
for t in json.load(sys.stdin):
    if t["type"] == "executable" and t["name"].startswith("fuzz-"):
        source = t["target_sources"][0]["sources"][0]
        print(t["name"][5:], os.path.basename(os.path.dirname(source)), sep="\t")
' | list >"$scratch/all"
if (($# > 0)); then
	grep -E "$(printf '\t%s$|' "$@" | sed 's/|$//')" "$scratch/all" >"$scratch/list" || true
else
	cp "$scratch/all" "$scratch/list"
fi
if [[ ! -s $scratch/list ]]; then
	echo "no such fuzz target in $build" >&2
	echo "0 passed, 1 failed"
	exit 1
fi
weights=$(awk '{ n += $1 } END { print n }' "$scratch/list")

one() {
	local weight=$1 folder=$2 name=$3 share corpus log
	share=$((seconds * jobs * weight / weights))
	((share > 0)) || share=1
	corpus=$top/tests/$folder/corpus/$name
	log=$scratch/$name.log
	mkdir -p "$scratch/$name" "$corpus"
	local exe=$build/tests/fuzz-$name
	local flags=(-timeout=10 -rss_limit_mb=2048 "-artifact_prefix=$corpus/")
	if ! "$exe" "${flags[@]}" -runs=0 "$corpus" >"$log" 2>&1; then
		echo "FAILED: $name breaks on its corpus"
	elif ! "$exe" "${flags[@]}" -max_total_time="$share" -print_final_stats=1 "$scratch/$name" "$corpus" >"$log" 2>&1; then
		echo "FAILED: $name after $(grep -cE '^#' "$log") lines; the input is kept in tests/$folder/corpus/$name"
	else
		local runs
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok: $name: ${runs:-?} runs in ${share} s"
		return 0
	fi
	grep -vE '^(#[0-9]|INFO|	NEW)' "$log" | tail -n 40 | sed 's/^/    /'
	return 0
}
export -f one
export seconds jobs weights top build scratch
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=0}
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

echo "$(wc -l <"$scratch/list") targets share $seconds s on $jobs cores; changed: $(awk '$1 > 1 { printf "%s ", $3 }' "$scratch/list")"
# shellcheck disable=SC2016
tr '\t' ' ' <"$scratch/list" | xargs -P "$jobs" -L 1 bash -c 'one "$@"' _ | tee "$scratch/said"
failed=$(grep -c '^FAILED' "$scratch/said" || true)
passed=$(grep -c '^ok' "$scratch/said" || true)
expected=$(wc -l <"$scratch/list")
if ((passed + failed < expected)); then
	failed=$((expected - passed))
fi
echo "$passed passed, $failed failed"
((failed == 0))
