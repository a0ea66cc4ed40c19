#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/fuzz/run.sh BUILD SECONDS [TARGET...] - run the fuzz targets, one after the other
#
# SECONDS are shared out among the targets.  What is found about interesting input
# stays in build/fuzz/corpus/ and is where the next run begins; a finding is
# written to build/fuzz/ and ends this with status 1, after the other targets.
set -eu

build=${1:?usage: run.sh BUILD SECONDS [TARGET...]}
seconds=${2:?usage: run.sh BUILD SECONDS [TARGET...]}
shift 2
: "${PYTHON:=python3}"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/fuzz
status=0

if [ $# = 0 ]; then
	for source in "$here"/*.c; do
		set -- "$@" "$(basename "$source" .c)"
	done
fi
core=$(find "$root/kernel-fixtures/cores" -name '*.core.zst' 2>/dev/null | sort | head -n 1)
each=$((seconds / $#))
[ "$each" -gt 0 ] || each=1

mkdir -p "$out"
rm -rf "$out/seeds"
"$PYTHON" "$here/seeds.py" "$out/seeds" ${core:+"$core"}
for target in "$@"; do
	program=$build/tests/fuzz/$target
	mkdir -p "$out/corpus/$target" "$out/seeds/$target"
	if { [ "$target" = capture ] || [ "$target" = live ]; } && [ -z "$core" ]; then
		echo "fuzz: $target: FAILED: no bundled core in kernel-fixtures/cores/"
		status=1
		continue
	fi
	if SCXRAY_FUZZ_CORE=$core ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1} \
		"$program" -max_total_time="$each" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
		-print_final_stats=1 -verbosity=0 -artifact_prefix="$out/$target-" \
		"$out/corpus/$target" "$out/seeds/$target" >"$out/$target.log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$target.log")
		# libFuzzer can end at once, with status 0, where it finds nothing to instrument
		if [ "${runs:-0}" -gt 0 ]; then
			echo "fuzz: $target: $each s, $runs runs, no finding"
			continue
		fi
		echo "fuzz: $target: FAILED: nothing has run"
	else
		echo "fuzz: $target: FAILED:"
	fi
	tail -n 60 "$out/$target.log"
	status=1
done
exit $status
