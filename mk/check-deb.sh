#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mk/check-deb.sh [SUITE...] - are the packages in build/deb of use on a bare Debian?
#
# For each suite (bookworm, trixie): a root folder with apt and nothing else below build/deb, the
# packages with what they depend on, a report of a bundled core, the plugin's settings, a host that is
# compiled against the header; then all of it removed, and nothing of it left.  Needs root.
set -eu

[ "$(id -u)" = 0 ] || {
	echo "mk/check-deb.sh: needs root, to make a bare Debian in a folder" >&2
	exit 1
}
[ $# -gt 0 ] || set -- bookworm trixie
out=build/deb
core=$(find kernel-fixtures/cores -name '*-error.core.zst' | sort | head -n 1)
[ -n "$core" ]
# shellcheck disable=SC2016	# the format is expanded by apt
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$')

# The packages' own dependencies, which are the only ones that a bare Debian gets.
depends() { # package-files...
	for deb; do
		dpkg-deb -f "$deb" Depends
	done | tr ',' '\n' | sed 's/(.*//; s/|.*//; s/ //g' | grep -v '^scxray$' | sort -u | paste -sd,
}

# Programs there find themselves by /proc, which goes with the command.
in_root() { # command...
	unshare --mount --pid --fork --mount-proc="$root/proc" \
		chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin:/bin:/sbin LC_ALL=C.UTF-8 "$@"
}

check_suite() { # suite
	echo "== $1"
	root=$out/root-$1
	rm -rf "$root"
	set -- "$1" "$out"/scxray_*.deb "$out"/scxray-plugin_*.deb "$out"/libscxray-dev_*.deb
	suite=$1
	shift
	mmdebstrap --quiet --variant=apt --include="$(depends "$@"),gcc,libc6-dev,pkg-config" "$suite" "$root" "$mirror" \
		>"$out/root.log" 2>&1 || {
		tail -5 "$out/root.log" >&2
		return 1
	}
	cp "$@" "$core" tests/hosts/host.c tests/hosts/sandbox.h "$root/tmp/"
	in_root sh -c 'dpkg -i /tmp/*.deb' >"$out/root.log"
	in_root scxray report "/tmp/$(basename "$core")" --summary | head -n 3
	# shellcheck disable=SC2016	# for the shell inside
	in_root sh -ec 'cd /tmp
		gcc -std=gnu11 -D_GNU_SOURCE -o host host.c -ldl -lpthread
		gcc -fsyntax-only /usr/share/doc/libscxray-dev/examples/c/host.c
		./host "$(pkg-config --variable=plugindir scxray)/scxray-plugin.so" | grep -q ^park_deadline_ms=
		scxray-vmm --plugin scxray-plugin.so --plugin-settings | grep -q park_deadline_ms
		echo "int main(void) { return 0; }" | gcc -xc - $(pkg-config --cflags --libs scxray)'
	in_root dpkg --purge scxray scxray-plugin libscxray-dev >"$out/root.log"
	left=$(find "$root/usr" "$root/etc" -name '*scxray*')
	[ -z "$left" ] || {
		echo "left after the removal: $left" >&2
		return 1
	}
	rm -rf "$root"
	echo "== $suite: installed, used, removed"
}

for suite; do
	check_suite "$suite"
done
