#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Everything that is proved about this checkout: builds the flavours, runs the unit tests in release, ASAN+UBSAN and
# (those with threads) TSAN, lint, the system tests, and a share of fuzzing. Ends with "N passed, N failed".
#   tests/run.sh [STEP...]         steps: unit lint asan tsan system fuzz (default: all)
#   FUZZ_SECONDS   what the fuzz targets share (default 300)
#   SIGHTLINE_DATA captures and feeds (default ../shared/data); 'none': what needs them is reported as skipped
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
jobs=$(nproc)
steps=${*:-unit lint asan tsan system fuzz}
passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
started=$SECONDS
export SIGHTLINE_DATA=${SIGHTLINE_DATA:-$PWD/../shared/data}
export SIGHTLINE_BUILD=$PWD/build-release SIGHTLINE_BUILD_ASAN=$PWD/build-asan SIGHTLINE_BUILD_TSAN=$PWD/build-tsan
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1}
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 suppressions=$PWD/tests/tsan.supp"

say() { printf '\n== %s (%d s so far)\n' "$*" $((SECONDS - started)); }
wants() { [[ " $steps " == *" $1 "* ]]; }
# Adds what a log's last "N passed, N failed" says; a log without one counts as a failure.
add() {
	local line
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1)
	if [[ -z $line ]]; then
		failed=$((failed + 1))
		return
	fi
	passed=$((passed + ${line%% *}))
	line=${line#*, }
	failed=$((failed + ${line%% *}))
	line=$(grep -E '^[0-9]+ skipped' "$1" | tail -n 1)
	[[ -z $line ]] || skipped=$((skipped + ${line%% *}))
}

flavour() {
	local dir=$1
	shift
	if [[ ! -f $dir/build.ninja ]]; then
		rm -rf "$dir"
		if ! meson setup "$dir" "$@" >"$logs/build" 2>&1; then
			cat "$logs/build"
			return 1
		fi
	fi
	# A build file that is older than the project lists the targets of its day.
	if ! ninja -C "$dir" build.ninja >"$logs/build" 2>&1; then
		tail -n 60 "$logs/build"
		return 1
	fi
	local targets=()
	if [[ $dir == build-fuzz ]]; then
		mapfile -t targets < <(ninja -C "$dir" -t targets all | sed -nE 's/^(tests\/fuzz-[^./]+): .*/\1/p')
	fi
	if ! ninja -C "$dir" -j"$jobs" "${targets[@]}" >"$logs/build" 2>&1; then
		grep -vE '^\[[0-9]+/[0-9]+\]' "$logs/build" | tail -n 60
		return 1
	fi
}

# The cases inside the executables are counted; an executable that dies counts one failure.
unit() {
	local dir=$1 ok bad died
	shift
	meson test -C "$dir" --no-rebuild --suite unit --print-errorlogs --num-processes "$jobs" "$@" >"$logs/unit" 2>&1
	local rc=$?
	local all=$dir/meson-logs/testlog.txt
	ok=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test\(s\)\..*/\1/p' "$all" | awk '{ n += $1 } END { print n + 0 }')
	bad=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) test\(s\), listed below:.*/\1/p' "$all" | awk '{ n += $1 } END { print n + 0 }')
	died=$(sed -nE 's/^(Fail|Timeout): +([0-9]+)$/\2/p' "$logs/unit" | awk '{ n += $1 } END { print n + 0 }')
	((rc == 0)) || sed -n '/^\(Summary\|.*=====\)/,$p;/FAIL\|TIMEOUT/p' "$logs/unit" | tail -n 200
	((bad >= died)) || bad=$died
	((rc == 0 || bad > 0)) || bad=1
	echo "$(basename "$dir"): $ok passed, $bad failed"
	passed=$((passed + ok)) failed=$((failed + bad))
}

build_or_fail() {
	say "building $1"
	if flavour "$@"; then
		return 0
	fi
	echo "FAILED: $1 does not build"
	failed=$((failed + 1))
	return 1
}

# Unit tests whose sources start threads, by name.
threaded() {
	meson introspect --targets build-tsan | python3 -c '
import json, sys
for t in json.load(sys.stdin):
    if t["type"] == "executable" and t["name"].startswith("test-"):
        sources = [s for g in t["target_sources"] for s in g.get("sources", [])]
        if any("pthread_create" in open(s, encoding="utf-8").read() for s in sources):
            print(t["name"][5:])
'
}

system_tests() {
	local t
	for t in tests/system/*.py tests/system/*.sh; do
		[[ -x $t ]] || continue
		say "$t"
		"$t" 2>&1 | tee "$logs/system"
		local rc=${PIPESTATUS[0]} before=$failed
		add "$logs/system"
		if ((rc != 0 && failed == before)); then
			echo "FAILED: $t left with status $rc"
			failed=$((failed + 1))
		fi
	done
}

deploy/install-packages.sh build test || exit 1
if [[ $SIGHTLINE_DATA != none && ! -d $SIGHTLINE_DATA ]]; then
	echo "$SIGHTLINE_DATA is not there: the tests that need captures fail. SIGHTLINE_DATA=none skips them, and counts them."
fi
debug=(-Dbuildtype=debugoptimized -Db_lto=false)

if build_or_fail build-release; then
	if wants unit; then
		say "unit tests, release"
		unit build-release
	fi
	if wants lint; then
		say "lint"
		tests/lint/run.py --build build-release --tidy "${LINT_TIDY:-changed}" 2>&1 | tee "$logs/lint"
		add "$logs/lint"
	fi
fi
if wants asan || wants system; then
	if build_or_fail build-asan "${debug[@]}" -Db_sanitize=address,undefined && wants asan; then
		say "unit tests, ASAN+UBSAN"
		unit build-asan
	fi
fi
if wants tsan || wants system; then
	if build_or_fail build-tsan "${debug[@]}" -Db_sanitize=thread && wants tsan; then
		say "unit tests with threads, TSAN"
		mapfile -t names < <(threaded)
		unit build-tsan "${names[@]}"
	fi
fi
wants system && system_tests
if wants fuzz && CC=clang-14 build_or_fail build-fuzz "${debug[@]}" -Db_lundef=false -Db_sanitize=address,undefined \
	-Dc_args=-fsanitize=fuzzer-no-link; then
	say "fuzzing"
	tests/fuzz.sh 2>&1 | tee "$logs/fuzz"
	add "$logs/fuzz"
fi
say "done"
((skipped == 0)) || echo "$skipped skipped"
echo "$passed passed, $failed failed"
((failed == 0))
