#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lint/run.sh OBJECTS - all that `make lint` looks at
#
# Each tool prints what it found; the last lines say how each did.
set -u

objects=${1:?usage: run.sh OBJECTS}
: "${PYTHON:=python3}"
cd "$(dirname "$0")/../.." || exit 2
status=0
summary=

files() { # find's expression for the names
	for d in capture render watch qemu cli vmm vmm-plugin include kernel-fixtures tests mk .ci; do
		[ ! -d "$d" ] || find "$d" -type f "$@" -print
	done | sort
}

tell() { # name status files
	if [ "$2" = 0 ]; then
		word=ok
	else
		word=FAILED
		status=1
	fi
	summary="$summary$(printf '  %-14s %-6s %d files' "$1" "$word" "$3")
"
}

count() { printf '%s\n' "$1" | grep -c .; }

c_files=$(files -name '*.[ch]')
# shellcheck disable=SC2086 # no file here has a blank in its name
clang-format-14 --dry-run -Werror $c_files
tell clang-format $? "$(count "$c_files")"

# BPF programs are another C: their context comes from vmlinux.h.
checked=$(printf '%s\n' "$c_files" | grep -v -e '\.bpf\.c$' -e '^kernel-fixtures/.*vmlinux')
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --library=posix --library=gnu --enable=warning,performance,portability \
	--inline-suppr --suppressions-list=tests/lint/cppcheck.suppress --error-exitcode=1 \
	-j "$(nproc)" -I include -I . -D__x86_64__ -U__cplusplus $checked
tell cppcheck $? "$(count "$checked")"

# shellcheck disable=SC2016 # the inner shell expands it
scripts=$(
	{
		files -name '*.sh'
		files ! -name '*.*' -exec sh -c 'head -n 1 "$1" | grep -qaE "^#!.*[/ ](ba)?sh"' _ {} \;
	} | sort -u
)
# shellcheck disable=SC2086
shellcheck $scripts
tell shellcheck $? "$(count "$scripts")"

python=$(files -name '*.py')
# shellcheck disable=SC2086
"$PYTHON" -c '
import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name, encoding="utf-8").read(), name)' $python
tell python $? "$(count "$python")"

"$PYTHON" tests/lint/layers.py . "$objects"
tell layers $? "$(count "$(files -name '*.[ch]' | grep -v -e '^kernel-fixtures/' -e '^tests/')")"

headers=$(find include/scxray -name '*.h' ! -name plugin.h)
# shellcheck disable=SC2086
sh tests/lint/exports.sh "$objects/installed/libscxray.a" $headers
tell exports $? "$(count "$headers")"

printf 'lint:\n%s' "$summary"
exit $status
