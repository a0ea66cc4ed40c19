#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the 6.12 kernel of the fixtures from Debian's linux-source-6.12:
# tinyconfig plus fragment.config, without modules.
#
#	build.sh CACHE OUT	OUT/vmlinuz, OUT/config, OUT/release
#
# About ten minutes on two cores; what is built already is kept in CACHE.
set -eu

die() {
	echo "kernel-6.12: $*" >&2
	exit 1
}

[ $# -eq 2 ] || die "usage: build.sh CACHE OUT"
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" "$2"
cache=$(cd "$1" && pwd)
out=$(cd "$2" && pwd)
src=$cache/linux-source-6.12
build=$cache/build-6.12
log=$out/build.log

if [ ! -e "$src/.unpacked" ]; then
	echo "kernel-6.12: fetching the source"
	"$here/../tools/apt-private.sh" "$cache/apt" unpack "$cache/source-package-6.12" linux-source-6.12
	rm -rf "$src"
	mkdir -p "$src"
	tar -xf "$cache/source-package-6.12/usr/src/linux-source-6.12.tar.xz" -C "$src" --strip-components=1
	rm -rf "$cache/source-package-6.12"
	touch "$src/.unpacked"
fi

mkdir -p "$build"
kmake() {
	nice make -C "$src" O="$build" ARCH=x86_64 "$@" > "$log" 2>&1 ||
		die "make $* failed: $(grep -m1 -E 'error|Error' "$log" || tail -n1 "$log") (all of it: $log)"
}

echo "kernel-6.12: configuring"
kmake tinyconfig
cat "$here/fragment.config" >> "$build/.config"
kmake olddefconfig
lost=$(grep -E '^CONFIG_[A-Z0-9_]+=y' "$here/fragment.config" | while read -r line; do
	grep -qx "$line" "$build/.config" || printf ' %s' "${line%=y}"
done)
[ -z "$lost" ] || die "the fragment asks for what this source does not grant:$lost (fix fragment.config)"

echo "kernel-6.12: building (about ten minutes)"
kmake -j2 bzImage
cp "$build/arch/x86/boot/bzImage" "$out/vmlinuz.new"
cp "$build/.config" "$out/config"
cat "$build/include/config/kernel.release" > "$out/release"
mv "$out/vmlinuz.new" "$out/vmlinuz"
