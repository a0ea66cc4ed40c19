#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# apt with a state of its own: downloads Debian packages of suites that this
# machine does not have, without changing the machine. The mirror's address is
# the one that the machine's own apt sources name.
#
#	apt-private.sh CACHE download DEST PACKAGE[/SUITE|=VERSION]...
#	apt-private.sh CACHE unpack DEST PACKAGE...	download, then dpkg-deb -x into DEST
#	apt-private.sh CACHE names REGEX		names of known packages
#	apt-private.sh CACHE depends PACKAGE		first-level dependencies
#
# CACHE holds the package lists (fetched again once a day) and the archives.
set -eu

# Others by the environment, each with a CACHE of its own.
: "${SUITES:=bookworm bookworm-updates bookworm-backports trixie trixie-updates trixie-backports}"

die() {
	echo "apt-private: $*" >&2
	exit 1
}

[ $# -ge 3 ] || die "usage: apt-private.sh CACHE download|unpack|names|depends ..."
mkdir -p "$1"
cache=$(cd "$1" && pwd)
verb=$2
shift 2

setup() {
	mkdir -p "$cache/lists/partial" "$cache/apt/archives/partial"
	# shellcheck disable=SC2016	# the format is expanded by apt
	mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$') ||
		die "no Debian mirror in this machine's apt sources: add one, then try again"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$key" ] || die "$key is missing: install debian-archive-keyring"
	for suite in $SUITES; do
		echo "deb [signed-by=$key] $mirror $suite main"
	done > "$cache/sources.list.new"
	if cmp -s "$cache/sources.list.new" "$cache/sources.list"; then
		rm "$cache/sources.list.new"
	else
		mv "$cache/sources.list.new" "$cache/sources.list"
		rm -f "$cache/updated"
	fi
}

apt() {
	tool=$1
	shift
	"$tool" -o Dir::Etc::sourcelist="$cache/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::Lists="$cache/lists" -o Dir::Cache="$cache/apt" \
		-o Dir::Etc::preferencesparts=/dev/null -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@"
}

update() {
	[ -z "$(find "$cache/updated" -mmin -1440 2>/dev/null)" ] || return 0
	apt apt-get -qq update >&2 || die "apt-get update failed for: $SUITES (is the mirror reachable?)"
	touch "$cache/updated"
}

download() {
	into=$1
	shift
	mkdir -p "$into"
	(cd "$into" && apt apt-get -qq download "$@" >&2) ||
		die "download failed: $* (not in $SUITES of this mirror?)"
}

# One user of the cache at a time: two guests may be made side by side.
exec 9> "$cache/lock"
flock -w 600 9 || die "$cache is in use for more than ten minutes by another run"
setup
update
case $verb in
download)
	download "$@"
	;;
unpack)
	dest=$1
	shift
	tmp=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	download "$tmp" "$@"
	mkdir -p "$dest"
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$dest"
	done
	;;
names)
	apt apt-cache search --names-only "$1" | cut -d' ' -f1
	;;
depends)
	apt apt-cache depends --no-recommends --no-suggests "$1" | sed -n 's/^ *Depends: //p'
	;;
*)
	die "unknown verb $verb"
	;;
esac
