#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mk/deb.sh VERSION - Debian packages of what is committed, in build/deb; lintian finds no error in them
#
# `make deb` calls it.  mk/debian is copied to the place where dpkg-buildpackage wants it.
set -eu

version=$1
out=build/deb
source=$out/scxray-$version

rm -rf "$out"
mkdir -p "$out"
git archive --prefix="scxray-$version/" HEAD | tar -x -C "$out"
cp -r mk/debian "$source/debian"
date=$(git log -1 --format=%cD)
sed -i "s/@VERSION@/$version/; s/@DATE@/$date/" "$source/debian/changelog"
# The licence as its file has it, in the form of this file: indented, "." for an empty line.
sed 's/^$/./; s/^/ /' LICENSE >"$out/licence"
sed -i -e "/@LICENSE@/{r $out/licence" -e 'd}' "$source/debian/copyright"
rm "$out/licence"

(cd "$source" && dpkg-buildpackage --build=binary --unsigned-source --unsigned-changes) >"$out/log" 2>&1 || {
	tail -20 "$out/log" >&2
	echo "mk/deb.sh: dpkg-buildpackage failed: see $out/log" >&2
	exit 1
}
lintian --fail-on error "$out/scxray_${version}_amd64.changes"
ls "$out"/*.deb
