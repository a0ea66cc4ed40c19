#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Gets the kernel of a release: OUT/vmlinuz, and its package's name in OUT/package.
#
#	fetch-kernel.sh RELEASE CACHE OUT
#
# RELEASE is	6.12			our own build with sched_ext
#		6.1-stock, 6.12-stock	the newest 6.1 of Debian 12, 6.12 of Debian 13: without sched_ext
#		7.3.4, 7.3.4-rt, -full	linux-image-7.3.4+deb13-cloud-amd64 of trixie-backports, and its flavours
#					with PREEMPT_RT and for any machine
set -eu

die() {
	echo "fetch-kernel: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "usage: fetch-kernel.sh RELEASE CACHE OUT"
here=$(cd "$(dirname "$0")" && pwd)
release=$1
cache=$2
out=$3
apt=$here/apt-private.sh

case $release in
6.12)
	exec "$here/../kernel-6.12/build.sh" "$cache" "$out"
	;;
6.1-stock)
	names='^linux-image-6\.1\.[0-9]+-[0-9]+-cloud-amd64$'
	;;
6.12-stock)
	names='^linux-image-6\.12\.[0-9]+\+deb13-cloud-amd64$'
	;;
[0-9]*.[0-9]*.[0-9]*)
	case $release in
	*-rt) flavour=rt-amd64 ;;
	*-full) flavour=amd64 ;;
	*-*) die "RELEASE=$release: want no flavour, -rt or -full" ;;
	*) flavour=cloud-amd64 ;;
	esac
	# From 6.19 on linux-image-* only depends on linux-binary-*, which has the kernel.
	names="^linux-(image|binary)-$(echo "${release%-*}" | sed 's/\./\\./g')\\+deb13-$flavour\$"
	;;
*)
	die "RELEASE=$release: want 6.12, 6.1-stock, 6.12-stock or a release like 6.18.15 or 6.18.15-rt"
	;;
esac

found=$("$apt" "$cache/apt" names "$names")
package=$(echo "$found" | grep '^linux-binary-' || echo "$found" | sort -V | tail -n1)
[ -n "$package" ] || die "RELEASE=$release: this mirror has no package $names"

echo "fetch-kernel: $package"
mkdir -p "$out"
tree=$(mktemp -d "$out/unpacked.XXXXXX")
trap 'rm -rf "$tree"' EXIT
"$apt" "$cache/apt" unpack "$tree" "$package"
vmlinuz=$(find "$tree" -name 'vmlinuz*' -type f)
[ -n "$vmlinuz" ] || die "$package has no vmlinuz: does another package have the kernel of $release?"
echo "$package" > "$out/package"
mv "$vmlinuz" "$out/vmlinuz"
