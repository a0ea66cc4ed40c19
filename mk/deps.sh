#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mk/deps.sh [-n] GROUP... - see that what the groups of mk/packages.txt need is there
#
# Installs what is missing with apt where that is possible (root, and apt is
# there).  Else, and always with -n, says in one line what to install, and exits
# with 1.  Looks for programs, libraries and modules, not for packages: on
# another distribution, or with tools of one's own, nothing has to be called as
# in Debian.
#
# Other lists in the same form: PACKAGES="mk/packages.txt kernel-fixtures/..."
set -eu

here=$(dirname "$0")
: "${PACKAGES:=$here/packages.txt}"
: "${CC:=gcc}"
: "${PYTHON:=python3}"

dry=
if [ "${1-}" = -n ]; then
	dry=1
	shift
fi

# Compiles a program of one line: is this header, or this sanitizer, there?
# shellcheck disable=SC2086 # the words of the flags are meant to be split
compiles() { # compiler flags source
	command -v "$1" >/dev/null 2>&1 || return 1
	tmp=$(mktemp -d) || return 1
	status=0
	printf '%s\n' "$3" >"$tmp/t.c"
	"$1" $2 -o "$tmp/t" "$tmp/t.c" >/dev/null 2>&1 || status=1
	rm -rf "$tmp"
	return $status
}

there() { # kind argument
	case $1 in
	cmd) command -v "$2" >/dev/null 2>&1 ;;
	pc) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$2" ;;
	py) command -v "$PYTHON" >/dev/null 2>&1 && "$PYTHON" -c "import $2" >/dev/null 2>&1 ;;
	hdr) [ -e "/usr/include/$2" ] || compiles "$CC" -c "#include <$2>" ;;
	file) [ -e "$2" ] ;;
	san) compiles clang "-fsanitize=$2" \
		'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n > 9 ? 1 : 0; }' ;;
	*)
		echo "mk/deps.sh: $1: not a kind of test (cmd, pc, py, hdr, file, san)" >&2
		exit 2
		;;
	esac
}

missing() { # groups, between blanks
	# shellcheck disable=SC2086 # a list of files
	cat $PACKAGES | while read -r group package kind arg; do
		case $group in '' | '#'*) continue ;; esac
		case " $1 " in *" $group "*) ;; *) continue ;; esac
		there "$kind" "$arg" || echo "$package"
	done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

want=$(missing "$*")
[ -n "$want" ] || exit 0

if [ -z "$dry" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing: $want"
	export DEBIAN_FRONTEND=noninteractive
	# Fresh machines have no package lists; others need no new ones.
	# shellcheck disable=SC2086 # a list of packages
	apt-get install -qq -y --no-install-recommends $want >/dev/null 2>&1 || {
		apt-get update -qq
		apt-get install -qq -y --no-install-recommends $want >/dev/null
	}
	want=$(missing "$*")
	[ -n "$want" ] || exit 0
	echo "still missing after the installation: $want" >&2
	exit 1
fi

echo "missing: please install (as root): apt-get install $want" >&2
exit 1
