#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/cli/install_test.sh - make install, use what was installed, make uninstall
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
# The make that runs the tests has its own ideas of compiler and sanitizers.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES SAN CC V RUN

check() { # what command...
	what=$1
	shift
	if "$@" >"$tmp/log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "not ok: $what"
		sed 's/^/    /' "$tmp/log"
	fi
}

same_report() {
	core=$(find "$root/kernel-fixtures/cores" -name '*-error.core.zst' | sort | head -n 1)
	"$tmp/to/opt/x/bin/scxray" report "$core" -o "$tmp/report.txt" &&
		"$tmp/program" "$core" >"$tmp/answer" && cmp "$tmp/answer" "$tmp/report.txt" && test -s "$tmp/answer"
}

links() { # with no other header and library than the installed, as docs/library.md says
	export PKG_CONFIG_PATH="$tmp/to/opt/x/lib/pkgconfig"
	# shellcheck disable=SC2046 # a list of flags
	gcc -std=c11 -Wall -Wextra -Werror -o "$tmp/program" "$tmp/program.c" "$tmp/clash.c" \
		$(pkg-config --define-variable=libdir="$tmp/to/opt/x/lib" \
			--define-variable=includedir="$tmp/to/opt/x/include" --cflags --libs scxray)
}

version_is_ours() {
	"$tmp/to/opt/x/bin/scxray" --version | grep -qx "scxray $(pkg-config --modversion scxray)"
}

host_builds() { # a VMM needs one header, and no library
	gcc -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$tmp/host" "$root/tests/hosts/host.c" \
		-I"$tmp/to/opt/x/include" -ldl -lpthread
}

host_loads() {
	"$tmp/host" "$tmp/to/opt/x/lib/scxray/scxray-plugin.so" >"$tmp/settings" && grep -q '^park_deadline_ms=' "$tmp/settings"
}

vmm_loads() {
	"$tmp/to/opt/x/bin/scxray-vmm" --version &&
		"$tmp/to/opt/x/bin/scxray-vmm" --plugin "$tmp/to/opt/x/lib/scxray/scxray-plugin.so" --plugin-settings |
		grep -q park_deadline_ms
}

vmm_finds() { # a plugin by its bare name, from any folder
	(cd / && "$tmp/to/opt/x/bin/scxray-vmm" --plugin scxray-plugin.so --plugin-settings) | grep -q park_deadline_ms
}

plugin_folder_is_known() {
	test -f "$tmp/to$(pkg-config --variable=plugindir scxray)/scxray-plugin.so"
}

pages_have_version() {
	version=$("$tmp/to/opt/x/bin/scxray" --version | cut -d' ' -f2)
	for page in scxray scxray-vmm; do
		grep -q "^\.TH .*\"scxray $version\"" "$tmp/to/opt/x/share/man/man1/$page.1" || return 1
	done
	grep -rl '@VERSION@' "$tmp/to" && return 1
	# the newest entry of the changelog
	[ "$(sed -n 's/^## \([0-9.]*\).*/\1/p' "$tmp/to/opt/x/share/doc/scxray/CHANGELOG.md" | head -n 1)" = "$version" ]
}

quiet() { # nothing on stderr, and no error that make ignores
	"$@" >"$tmp/out" 2>"$tmp/err" || return 1
	cat "$tmp/err"
	grep -E 'Error [0-9]|ignored' "$tmp/out" && return 1
	[ ! -s "$tmp/err" ]
}

# What is committed, all of it, the same each time; and it builds where there is no repository.
dist_is_whole() {
	make -s dist && tarball=$(ls build/scxray-*.tar.gz) && cp "$tarball" "$tmp/first.tar.gz" && make -s dist &&
		cmp "$tarball" "$tmp/first.tar.gz" && mkdir "$tmp/dist" && tar -xzf "$tarball" -C "$tmp/dist" || return 1
	unpacked=$tmp/dist/$(basename "$tarball" .tar.gz)
	(cd "$unpacked" && find . ! -type d | sed 's|^\./||' | LC_ALL=C sort) >"$tmp/have"
	git ls-tree -r -z --name-only HEAD | tr '\0' '\n' | LC_ALL=C sort | diff - "$tmp/have"
}

dist_builds() {
	make -s -C "$unpacked" CFLAGS=-O0 build/scxray &&
		[ "$("$unpacked/build/scxray" --version)" = "$("$tmp/to/opt/x/bin/scxray" --version)" ]
}

nothing_left() {
	left=$(find "$tmp/to" ! -type d -o -name '*scxray*')
	echo "$left"
	[ -z "$left" ]
}

# The program of the guide, and names that the library has as well: it must not call these.
# shellcheck disable=SC2016 # the marks of a block of code
sed -n '/^```c$/,/^```$/{ /^```/!p; }' "$root/docs/library.md" >"$tmp/program.c"
cat >"$tmp/clash.c" <<'END'
#include <stdlib.h>
#define CLASH(name) void name(void); void name(void) { abort(); }
CLASH(sort) CLASH(find) CLASH(walk_type) CLASH(pool_alloc)
END

cd "$root"
check "make install" make install DESTDIR="$tmp/to" PREFIX=/opt/x
for file in bin/scxray bin/scxray-vmm lib/libscxray.a lib/pkgconfig/scxray.pc lib/scxray/scxray-plugin.so include/scxray/capture.h \
	include/scxray/plugin.h share/man/man1/scxray.1 share/man/man1/scxray-vmm.1 share/scxray/report.schema.json \
	share/doc/scxray/LICENSE share/doc/scxray/CHANGELOG.md share/doc/scxray/qemu.md \
	share/bash-completion/completions/scxray share/zsh/site-functions/_scxray \
	share/fish/vendor_completions.d/scxray.fish; do
	check "$file is there" test -s "$tmp/to/opt/x/$file"
done
check "the installed program runs" "$tmp/to/opt/x/bin/scxray" --version
check "a program links with the installed library" links
check "its pkg-config file tells the version" version_is_ours
check "both make the same report" same_report
check "a host builds with the installed header" host_builds
check "it loads the installed plugin" host_loads
check "so does the installed VMM" vmm_loads
check "the installed VMM finds a plugin by its bare name" vmm_finds
check "the pkg-config file tells the plugin's folder" plugin_folder_is_known
check "man pages and changelog have its version" pages_have_version
if [ -e .git ]; then
	check "make dist has what is committed" dist_is_whole
	check "what make dist wrote builds" dist_builds
else # as one that make dist wrote: there is nothing to archive
	check "make dist says that there is no repository" sh -c '! make -s dist'
fi
check "make uninstall" make uninstall DESTDIR="$tmp/to" PREFIX=/opt/x
check "uninstall leaves no file" nothing_left
check "make uninstall once more is quiet" quiet make uninstall DESTDIR="$tmp/to" PREFIX=/opt/x

echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ]
