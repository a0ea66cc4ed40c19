#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Gets what the lab is made of from Debian's packages, without installing any.
#
#	fetch.sh qemu CACHE OUT		OUT/usr/bin/qemu-system-x86_64 and its data
#	fetch.sh kernel CACHE OUT	OUT/vmlinuz, OUT/modules/NN-NAME.ko in the order to load
#	fetch.sh vng CACHE OUT		OUT/trixie and OUT/sid, each a virtme-ng; OUT/kernel, with its modules
#
# QEMU 10 of bookworm-backports: 7.2's emulated SVM never reports a debug register of
# the inner guest, so no watchpoint fires.  The kernel is the full flavour: the cloud
# flavour has no KVM.
set -eu

release=6.18.15
vng_release=7.3.4 # the full flavour has 9p
modules='netfs 9pnet 9pnet_virtio 9p irqbypass kvm ccp kvm-amd'
qemu='qemu-system-x86/bookworm-backports qemu-system-common/bookworm-backports
	qemu-system-data/bookworm-backports seabios/bookworm'

die() {
	echo "lab: $*" >&2
	exit 1
}

[ $# -eq 3 ] || die "usage: fetch.sh qemu|kernel|vng CACHE OUT"
apt=$(cd "$(dirname "$0")/../tools" && pwd)/apt-private.sh
cache=$2
out=$3
mkdir -p "$out"
tree=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$tree"' EXIT

case $1 in
qemu)
	echo "lab: QEMU 10 of bookworm-backports"
	# shellcheck disable=SC2086	# a list of packages
	"$apt" "$cache/apt" unpack "$tree" $qemu
	missing=$(ldd "$tree/usr/bin/qemu-system-x86_64" | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p')
	[ -z "$missing" ] || die "QEMU 10 lacks libraries: install qemu-system-x86 of this release, too ($missing)"
	rm -rf "$out"
	mv "$tree" "$out"
	;;
kernel)
	echo "lab: linux-image-$release+deb13-amd64 of trixie-backports"
	"$apt" "$cache/apt" unpack "$tree" "linux-image-$release+deb13-amd64"
	rm -rf "$out/modules"
	mkdir -p "$out/modules"
	number=10
	for module in $modules; do
		from=$(find "$tree" -name "$module.ko.xz")
		[ -n "$from" ] || die "linux-image-$release+deb13-amd64 has no module $module"
		xz -dc "$from" > "$out/modules/$number-$module.ko"
		number=$((number + 1))
	done
	mv "$(find "$tree" -name 'vmlinuz-*' -type f)" "$out/vmlinuz"
	;;
vng)
	echo "lab: virtme-ng of trixie and sid, linux-binary-$vng_release+deb13-amd64 and its modules"
	"$apt" "$cache/apt" unpack "$tree/trixie" virtme-ng/trixie
	# without it one test fails, and not all of them
	SUITES=sid "$apt" "$cache/apt-sid" unpack "$tree/sid" virtme-ng || echo "lab: no virtme-ng of sid on this mirror"
	"$apt" "$cache/apt" unpack "$tree/kernel" "linux-binary-$vng_release+deb13-amd64" \
		"linux-modules-$vng_release+deb13-amd64"
	# vng looks for /lib/modules beside the kernel
	ln -s usr/lib "$tree/kernel/lib"
	ln -s "$(cd "$tree/kernel" && find usr -name vmlinuz)" "$tree/kernel/vmlinuz"
	rm -rf "$out"
	mv "$tree" "$out"
	;;
*)
	die "$1: want qemu, kernel or vng"
	;;
esac
