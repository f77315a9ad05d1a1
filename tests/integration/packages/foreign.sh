#!/bin/sh
# The arm64 packages, where they are built on another machine: they want what the others want, and their programs run
# against Debian's arm64 libraries, by qemu's user mode. They are unpacked, not installed: dpkg's scripts would need the
# kernel to know qemu, which is the whole machine's to say.
#
# usage: foreign.sh SOURCE
set -eu
built=$1/.build/packages
root=$1/.build/arm64-root
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "$(dpkg --print-architecture)" != arm64 ] || exit 0
set -- "$built"/*_arm64.deb
[ $# = 3 ] || { echo "the arm64 packages are not built: ./myna package --arch arm64" && exit 1; }

wants() { # PACKAGE FILE
	dpkg-deb -f "$2" Depends Recommends | tr ',' '\n' | sed -E 's/^(Depends|Recommends): //; s/\(.*//; s/ //g' | sort
}

for file in "$@"; do
	name=$(dpkg-deb -f "$file" Package)
	[ "$(dpkg-deb -f "$file" Architecture)" = arm64 ] || { echo "$file is not for arm64" && exit 1; }
	wants "$name" "$file" >"$work/arm64"
	wants "$name" "${file%_arm64.deb}_amd64.deb" >"$work/amd64"
	diff "$work/amd64" "$work/arm64" || { echo "$name wants other packages on arm64" && exit 1; }
	dpkg-deb -x "$file" "$work/root"
done
for program in "$work"/root/usr/bin/*; do
	qemu-aarch64-static -L "$root" -E LD_LIBRARY_PATH="$work/root/usr/lib/aarch64-linux-gnu/myna" "$program" --version ||
		{ echo "$program does not run" && exit 1; }
done
