#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds the schedulers of the kernel's own tools/sched_ext, from Debian's linux-source of that
# release: OUT/scheds.cpio, which goes before the initrd, has those that build in /sched.
#
#	build-scheds.sh RELEASE CACHE OUT CLANG NAME...	OUT as of fetch-kernel.sh
#
# Nothing of them is kept but below CACHE and OUT.
set -eu

die() {
	echo "build-scheds: $*" >&2
	exit 1
}

[ $# -ge 5 ] || die "usage: build-scheds.sh RELEASE CACHE OUT CLANG NAME..."
here=$(cd "$(dirname "$0")" && pwd)
release=$1
clang=$4
mkdir -p "$2"
cache=$(cd "$2" && pwd)
out=$(cd "$3" && pwd)
shift 4
apt=$here/apt-private.sh
series=$(echo "$release" | cut -d. -f1-2)
source=linux-source-$series
src=$cache/sched_ext-$series
build=$cache/build-sched_ext-$release
log=$out/scheds.log
bpftool=$cache/sysroot/usr/sbin/bpftool

[ -x "$bpftool" ] || die "$bpftool is missing: make fixtures"
if [ ! -e "$src/.unpacked" ]; then
	[ -n "$("$apt" "$cache/apt" names "^linux-source-$(echo "$series" | sed 's/\./\\./g')\$")" ] ||
		die "RELEASE=$release: this mirror has no $source"
	echo "build-scheds: fetching $source"
	"$apt" "$cache/apt" unpack "$cache/source-package-$series" "$source"
	rm -rf "$src"
	mkdir -p "$src"
	tar -xf "$cache/source-package-$series/usr/src/$source.tar.xz" -C "$src" --strip-components=1 \
		--wildcards '*/tools' '*/scripts' '*/include/uapi'
	rm -rf "$cache/source-package-$series"
	touch "$src/.unpacked"
fi

# The compressed kernel is what follows its own magic number; the ELF file in it has the BTF.
mkdir -p "$build"
at=$(LC_ALL=C grep -abom1 "$(printf '\050\265\057\375')" "$out/vmlinuz" | head -n1 | cut -d: -f1)
[ -n "$at" ] || die "$out/vmlinuz is not compressed by zstd"
# zstd finds no second frame after the first and says so.
tail -c +$((at + 1)) "$out/vmlinuz" | zstd -dc > "$build/vmlinux" 2>/dev/null || [ -s "$build/vmlinux" ]
"$bpftool" btf dump file "$build/vmlinux" format c > "$build/vmlinux.h" || die "the kernel of $release has no BTF"

echo "build-scheds: tools/sched_ext of $source"
rm -rf "$build/initrd"
mkdir -p "$build/initrd/sched"
kmake() {
	nice make -C "$src/tools/sched_ext" O="$build" VMLINUX_BTF="$build/vmlinux" VMLINUX_H="$build/vmlinux.h" \
		BPFTOOL="$bpftool" CLANG="$clang" "$@" > "$log" 2>&1
}
why() {
	grep -m1 -E '(error|Error|\*\*\*)[: ]' "$log" || tail -n1 "$log"
}
# By itself: it also makes a library that can't be linked as the programs are.
kmake "$build/build/obj/libbpf/libbpf.a" || die "libbpf of $source does not build: $(why) (all of it: $log)"
for name; do
	# static: the guest has no libraries
	if kmake CC='gcc -static' "scx_$name"; then
		strip -o "$build/initrd/sched/scx_$name" "$build/build/bin/scx_$name"
	else
		echo "build-scheds: $release has no scx_$name: $(why)"
	fi
done
(cd "$build/initrd" && find . | cpio --quiet -o -H newc) > "$out/scheds.cpio.new"
mv "$out/scheds.cpio.new" "$out/scheds.cpio"
