#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lint/layers.sh ROOT OBJECTS - do the layers hold?
#
# docs and design say which way the arrows run: vmm, cli, vmm-plugin -> render ->
# report model <- capture.  Here a machine looks: what each folder of ROOT
# includes, and, in the compiled objects below OBJECTS, that capture and render
# print nothing on their own and keep no mutable state.  Each violation is one
# line; status 1 if there is any.
set -eu

root=${1:?usage: layers.sh ROOT OBJECTS}
objects=${2:?usage: layers.sh ROOT OBJECTS}
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT

# folder	public headers that it must not include (or, after "only:", the sole ones that it may)
rules() {
	cat <<'RULES'
capture		render.h value.h plugin.h
render		capture.h plugin.h
cli		plugin.h
vmm		only: plugin.h image.h error.h
vmm-plugin
RULES
}

folders=$(rules | awk '{ print $1 }')

# All includes of a folder: FILE:LINE NAME, NAME with its quotes or brackets.
includes() { # folder
	find "$root/$1" -name '*.[ch]' -type f | sort | while read -r file; do
		sed -n '=; s/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*/INCLUDE \1/p' "$file" |
			awk -v f="$file" '/^[0-9]+$/ { n = $0; next } $1 == "INCLUDE" { print f ":" n, $2 }'
	done
}

check_include() { # folder rule where name
	name=$(printf '%s' "$4" | tr -d '<>"')
	case $name in
	scxray/*)
		header=${name#scxray/}
		case $2 in
		only:*) case " ${2#only:} " in *" $header "*) ;; *) echo "$3: $1/ may not include $4" ;; esac ;;
		*) case " $2 " in *" $header "*) echo "$3: $1/ may not include $4" ;; esac ;;
		esac
		;;
	linux/kvm.h | asm/kvm.h | linux/kvm_para.h)
		case $1 in capture | render | cli) echo "$3: $1/ knows no KVM, but includes $4" ;; esac
		;;
	../*) echo "$3: $1/ reaches out of its folder: $4" ;;
	*/*)
		for other in $folders; do
			case $name in "$other"/*)
				[ "$other" = "$1" ] || echo "$3: $1/ includes another layer's own header $4"
				;;
			esac
		done
		;;
	esac
}

rules | while read -r folder rule; do
	[ -d "$root/$folder" ] || continue
	includes "$folder" | while read -r where name; do
		check_include "$folder" "$rule" "$where" "$name"
	done
done >>"$bad"

# The public headers stand below all layers.
find "$root/include" -name '*.h' -type f | sort | while read -r file; do
	grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"](capture|render|cli|vmm|vmm-plugin)/|"\.\./)' "$file" |
		while IFS= read -r line; do
			echo "$file:${line%%:*}: a public header includes a layer's own header"
		done
done >>"$bad"

# Libraries neither print nor end the process: whoever calls them decides.
# (printf to a stream of the caller's is fine: only stdout and stderr are not.)
seen=0
for folder in capture render; do
	for source in "$root/$folder"/*.c; do
		[ -e "$source" ] || continue
		object=$objects/$folder/$(basename "$source" .c).o
		if [ ! -e "$object" ]; then
			echo "$object: not compiled, so not looked at" >>"$bad"
			continue
		fi
		seen=$((seen + 1))
		nm -u "$object" | awk -v o="$source" '
			$2 ~ /^(stdout|stderr|v?printf|puts|putchar|perror|v?warnx?|v?errx?|exit|_exit|abort|__v?printf_chk)$/ {
				print o ": uses " $2
			}' >>"$bad"
		# const tables of pointers stand in .data.rel.ro: written by the loader alone
		objdump -t "$object" | tr '\t' ' ' | awk -v o="$source" '
			/ (\.data|\.bss|\.tdata|\.tbss|\*COM\*)[^ ]* [0-9a-f]+ / && !/ \.data\.rel\.ro/ && $NF !~ /^\./ {
				print o ": mutable global state: " $NF
			}' >>"$bad"
	done
done

if [ "$seen" = 0 ]; then
	echo "layers.sh: no object of capture/ or render/ below $objects: nothing was looked at" >&2
	exit 1
fi
if [ -s "$bad" ]; then
	cat "$bad"
	exit 1
fi
echo "layers hold ($seen objects)"
