#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Gets the module that the guest of MODE=dlhog loads: OUT/modules.cpio, which goes before the initrd.
# Empty where the release's packages are gone from the mirror, or where it has no modules: the guest
# does without.
#
#	fetch-modules.sh RELEASE CACHE OUT	OUT as of fetch-kernel.sh
set -eu

module=pktgen

die() {
	echo "fetch-modules: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "usage: fetch-modules.sh RELEASE CACHE OUT"
here=$(cd "$(dirname "$0")" && pwd)
release=$1
cache=$2
out=$3
apt=$here/apt-private.sh

tree=$(mktemp -d "$out/unpacked.XXXXXX")
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/initrd"
case $release in
[0-9]*.[0-9]*.[0-9]*)
	dotted=$(echo "$release" | sed 's/\./\\./g')
	# From 7.1 on modules have a package of their own; up to 6.18 they are beside the kernel.
	package=$("$apt" "$cache/apt" names "^linux-modules-$dotted\\+deb13-cloud-amd64\$")
	[ -n "$package" ] || package=$(cat "$out/package")
	"$apt" "$cache/apt" unpack "$tree" "$package"
	found=$(find "$tree" -name "$module.ko*" -type f)
	case $found in
	*.xz) xz -dc "$found" > "$tree/initrd/$module.ko" ;;
	*.zst) zstd -qdc "$found" > "$tree/initrd/$module.ko" ;;
	*.ko) cp "$found" "$tree/initrd/$module.ko" ;;
	*) echo "fetch-modules: $package has no $module: the guest does without" ;;
	esac
	;;
esac
(cd "$tree/initrd" && find . -type f | cpio --quiet -o -H newc) > "$tree/modules.cpio"
mv "$tree/modules.cpio" "$out/modules.cpio"
