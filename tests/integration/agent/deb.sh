#!/bin/sh
# packaging/update.d/deb.sh with real packages in a root of its own. Exit status 77: nobody here may install
# packages, not even there.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
dir=$(mktemp -d /tmp/myna-deb.XXXXXX)
trap 'rm -rf "$dir"' EXIT
export MYNA_SOFTWARE_DIR="$dir/software"
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v fakeroot >/dev/null || exit 77
	as_root='fakeroot --'
fi
command -v dpkg-deb >/dev/null || exit 77
export PATH="$PATH:/usr/sbin:/sbin"

mkdir -p "$dir/update.d" "$dir/cache" "$dir/root/var/lib/dpkg/info" "$dir/root/var/lib/dpkg/updates"
: >"$dir/root/var/lib/dpkg/status"
cp "$root/packaging/update.d/deb.sh" "$dir/update.d/agent"
cat >"$dir/update.d/deb.conf" <<EOF
DPKG='$as_root dpkg --force-not-root --root=$dir/root --log=$dir/log'
QUERY='dpkg-query --admindir=$dir/root/var/lib/dpkg'
CACHE=$dir/cache
EOF

package() { # NAME VERSION
	mkdir -p "$dir/build/DEBIAN" "$dir/build/usr/bin"
	printf '#!/bin/sh\necho %s\n' "$2" >"$dir/build/usr/bin/robot"
	chmod 0755 "$dir/build/usr/bin/robot"
	printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: A Company <a@company.example>\nDescription: a robot\n' \
		"$1" "$2" >"$dir/build/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$dir/build" "$dir/$1_$2_all.deb" >/dev/null
	rm -rf "$dir/build"
}

# The installer's answer to VERB VERSION [FILE].
ask() {
	status=0
	said=$("$dir/update.d/agent" "$1" agent robot "$2" "${3:-}" 2>&1) || status=$?
}

expect() { # WHAT STATUS VERSION
	runs=$("$dir/root/usr/bin/robot" 2>/dev/null || true)
	[ "$status" = "$2" ] && [ "$runs" = "$3" ] && return
	echo "$1: status $status instead of $2, runs \"$runs\" instead of \"$3\": $said"
	exit 1
}

for version in 1.0 1.1 1.2; do package robot $version; done
package other 1.1
deb() { echo "$dir/robot_$1_all.deb"; }

# the first one came with the system
$as_root dpkg --force-not-root --root="$dir/root" --log="$dir/log" -i "$(deb 1.0)" >/dev/null
ask install 1.1 "$(deb 1.1)" && expect 'no way back, no installation' 20 1.0
cp "$(deb 1.0)" "$dir/cache/robot_1.0_all.deb"
ask install 1.1 "$dir/other_1.1_all.deb" && expect 'another package is refused' 20 1.0
ask install 1.2 "$(deb 1.1)" && expect 'another version is refused' 20 1.0

ask install 1.1 "$(deb 1.1)" && expect 'it is installed, and wants a start' 10 1.1
sed -i 's/install ok installed/install ok unpacked/' "$dir/root/var/lib/dpkg/status"
ask install 1.1 "$(deb 1.1)" && expect 'after a power cut it is installed all the same' 10 1.1
ask revert 1.1 && expect 'it goes back' 10 1.0
ask revert 1.1 && expect 'it is back already' 0 1.0

ask install 1.1 "$(deb 1.1)" && expect 'it comes again' 10 1.1
ask confirm 1.1 && expect 'it stays' 0 1.1
rm "$dir/cache/robot_1.0_all.deb"
ask install 1.2 "$(deb 1.2)" && expect 'the next one knows its way back by itself' 10 1.2
ask confirm 1.2 && expect 'and stays' 0 1.2
ask revert 1.2 && expect 'also when it was confirmed it goes back' 10 1.1
ask install 1.2 "$(deb 1.2)" && expect 'from there it goes on' 10 1.2
echo 'deb.sh: installed, kept, taken back'
