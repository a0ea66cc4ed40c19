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
	"$tmp/to/opt/x/bin/scxray" report "$core" -o "$tmp/report.json" &&
		"$tmp/program" "$core" >"$tmp/answer" && grep -q '^scxfix$' "$tmp/answer"
}

links() { # with no other header and library than the installed
	# shellcheck disable=SC2046 # a list of flags
	gcc -std=c11 -Wall -Wextra -Werror -o "$tmp/program" "$tmp/program.c" -I"$tmp/to/opt/x/include" \
		-L"$tmp/to/opt/x/lib" -lscxray $(pkg-config --libs libelf libbpf libzstd) -lpthread
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

nothing_left() {
	left=$(find "$tmp/to" ! -type d)
	echo "$left"
	[ -z "$left" ]
}

cat >"$tmp/program.c" <<'END'
#include <scxray/capture.h>
#include <scxray/render.h>
int main(int argc, char **argv)
{
	struct scxray_error err;
	struct scxray_source *source = argc == 2 ? scxray_source_open(argv[1], &err) : 0;
	struct scxray_report *report = source ? scxray_capture(source, 0, &err) : 0;
	int named = report && report->nr_scheds && report->scheds[0].name.state == SCXRAY_PRESENT;

	puts(named ? report->scheds[0].name.bytes : "nothing");
	scxray_report_destroy(report);
	scxray_source_close(source);
	return !named;
}
END

cd "$root"
check "make install" make install DESTDIR="$tmp/to" PREFIX=/opt/x
for file in bin/scxray bin/scxray-vmm lib/libscxray.a lib/scxray/scxray-plugin.so include/scxray/capture.h \
	include/scxray/plugin.h share/man/man1/scxray.1 share/man/man1/scxray-vmm.1 share/scxray/report.schema.json; do
	check "$file is there" test -s "$tmp/to/opt/x/$file"
done
check "the installed program runs" "$tmp/to/opt/x/bin/scxray" --version
check "a program links with the installed library" links
check "both make a report" same_report
check "a host builds with the installed header" host_builds
check "it loads the installed plugin" host_loads
check "so does the installed VMM" vmm_loads
check "make uninstall" make uninstall DESTDIR="$tmp/to" PREFIX=/opt/x
check "uninstall leaves no file" nothing_left

echo "cases: $passed passed, $failed failed"
[ "$failed" = 0 ]
