#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/demo.sh SCXRAY - what `make demo` shows: a report of a bundled failure
#
# The pair of cores is what a capture kept of two real images of one guest, taken
# half-way to the watchdog's timeout and at the error exit.
set -eu

scxray=${1:?usage: demo.sh SCXRAY}
root=$(cd "$(dirname "$0")/.." && pwd)
cores=$root/kernel-fixtures/cores
out=$root/build/demo
lines=40

# The newest kernel's, as in README.md.
error=$(find "$cores" -name '*-error.core.zst' 2>/dev/null | sort -V | tail -n 1)
if [ -z "$error" ]; then
	echo "demo: no bundled core in kernel-fixtures/cores/" >&2
	exit 1
fi
half=${error%-error.core.zst}-half.core.zst
mkdir -p "$out"

"$scxray" report --early "$half" "$error" -o "$out/report.txt"
"$scxray" report --early "$half" "$error" -o "$out/report.json"
"$scxray" html "$out/report.json" -o "$out/report.html"
color=never
if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
	color=always
fi

echo
echo "$ scxray report --early ${half#"$root/"} \\"
echo "      ${error#"$root/"}"
echo
"$scxray" report --early "$half" "$error" --color "$color" -o "$out/screen.txt"
head -n "$lines" "$out/screen.txt"
rm -f "$out/screen.txt"
all=$(wc -l <"$out/report.txt")
if [ "$all" -gt "$lines" ]; then
	echo "... ($((all - lines)) more lines)"
fi
echo
echo "The whole report:  build/demo/report.txt   (less -S build/demo/report.txt)"
echo "As a page:         build/demo/report.html  (any browser opens it)"
echo "As JSON:           build/demo/report.json"
echo "Made from:         ${half#"$root/"}"
echo "                   ${error#"$root/"}"
echo "Your own guest:    build/scxray watch           (a guest that QEMU runs: build/scxray help watch)
                   build/scxray report vmcore   (build/scxray help report)"
