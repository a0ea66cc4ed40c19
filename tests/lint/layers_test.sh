#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lint/layers_test.sh - can tests/lint/layers.sh fail?
#
# Feeds it a small tree that is right, then the same tree with one violation at
# a time; each must be found, and named.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${CC:=gcc}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0

tree() { # a tree without a fault
	rm -rf "$tmp/t"
	mkdir -p "$tmp/t/capture" "$tmp/t/render" "$tmp/t/cli" "$tmp/t/vmm" "$tmp/t/include/scxray"
	for h in error report capture render value plugin; do
		echo "extern int scxray_$h;" >"$tmp/t/include/scxray/$h.h"
	done
	echo 'extern int scxray_mem;' >"$tmp/t/capture/mem.h"
	cat >"$tmp/t/capture/mem.c" <<'END'
#include <stdio.h>
#include <scxray/capture.h>
#include "mem.h"
/* stdout, printf("x") in a comment, and a table that only the loader writes */
static const char *const names[] = { "stdout", "printf" };
const char *name(unsigned i);
const char *name(unsigned i) { return names[i % 2]; }
END
	cat >"$tmp/t/render/text.c" <<'END'
#include <stdio.h>
#include <scxray/render.h>
int text(FILE *out);
int text(FILE *out) { return fprintf(out, "%d\n", 1); }
END
	echo '#include <scxray/capture.h>' >"$tmp/t/cli/main.c"
	echo '#include <scxray/plugin.h>' >"$tmp/t/vmm/vm.c"
}

look() {
	for f in capture/mem render/text; do
		mkdir -p "$tmp/o/${f%/*}"
		$CC -O1 -fPIE -I"$tmp/t/include" -I"$tmp/t" -c -o "$tmp/o/$f.o" "$tmp/t/$f.c"
	done
	sh "$here/layers.sh" "$tmp/t" "$tmp/o" >"$tmp/out" 2>&1
}

ok() { passed=$((passed + 1)); }
not_ok() {
	failed=$((failed + 1))
	echo "not ok: $1"
	sed 's/^/    /' "$tmp/out"
}

finds() { # what-is-said file line-to-add
	tree
	printf '%s\n' "$3" >>"$tmp/t/$2"
	if look; then
		not_ok "$2: passed with: $3"
	elif grep -q "$1" "$tmp/out" && grep -q "$2" "$tmp/out"; then
		ok
	else
		not_ok "$2: not named ($1): $3"
	fi
}

tree
if look; then ok; else not_ok "the right tree"; fi

finds 'may not include' capture/mem.c '#include <scxray/render.h>'
finds 'may not include' capture/mem.c '#  include "scxray/value.h"'
finds 'may not include' capture/mem.h '#include <scxray/plugin.h>'
finds 'may not include' render/text.c '#include <scxray/capture.h>'
finds 'another layer' render/text.c '#include "capture/mem.h"'
finds 'another layer' render/text.c '#include <capture/mem.h>'
finds 'reaches out' render/text.c '#include "../capture/mem.h"'
finds 'another layer' cli/main.c '#include "capture/mem.h"'
finds 'knows no KVM' capture/mem.c '#include <linux/kvm.h>'
finds 'knows no KVM' render/text.c '#include <linux/kvm.h>'
finds 'may not include' vmm/vm.c '#include <scxray/report.h>'
finds "a layer's own header" include/scxray/report.h '#include "../../capture/mem.h"'
finds 'uses' capture/mem.c 'void say(void); void say(void) { printf("%s\n", "x"); }'
finds 'uses stderr' capture/mem.c 'void say(void); void say(void) { fprintf(stderr, "x"); }'
finds 'uses' render/text.c 'void say(void); void say(void) { puts("x"); }'
finds 'uses' capture/mem.c 'extern void exit(int); void end(void); void end(void) { exit(1); }'
finds 'mutable global state: count' capture/mem.c 'int next(void); int next(void) { static int count; return ++count; }'
finds 'mutable global state: seed' render/text.c 'int seed = 3;'
finds 'mutable global state: last' render/text.c '_Thread_local int last;'

# A check that looks at nothing must not pass.
tree
rm -rf "$tmp/o"
if sh "$here/layers.sh" "$tmp/t" "$tmp/o" >"$tmp/out" 2>&1; then not_ok "no objects"; else ok; fi

echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ]
