#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lint/exports.sh LIBRARY HEADER... - does the library show the functions of its headers, and only them?
set -eu

library=${1:?usage: exports.sh LIBRARY HEADER...}
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u >"$tmp/shown"
grep -hvE '^(typedef|static inline)' "$@" | grep -oE '\<scxray_[a-z0-9_]+\(' | tr -d '(' | sort -u >"$tmp/declared"
if [ ! -s "$tmp/declared" ]; then
	echo "$*: no function is declared: nothing was looked at" >&2
	exit 1
fi
comm -23 "$tmp/shown" "$tmp/declared" | sed "s|^|$library: shows what no public header declares: |"
comm -13 "$tmp/shown" "$tmp/declared" | sed "s|^|$library: does not define |"
cmp -s "$tmp/shown" "$tmp/declared"
