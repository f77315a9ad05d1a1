#!/bin/sh
# Installs what is one Debian package, such as the robot's own program: put it into update.d under the
# kind's name ("agent"). The manifest's name and version are the package's. The robot's user may not install
# packages: DPKG is what may, by a line for sudo or of another kind. It and the others stand, where they
# are different, in deb.conf beside this program.
#
# The package in force is kept below $MYNA_SOFTWARE_DIR, so that going back needs no network; the first one,
# which came with the system, is looked for where apt keeps what it fetched. Every step may be done again
# after a power cut. schema/MANIFEST.md tells what update.d's programs are asked.
set -eu
verb=$1 kind=$2 name=$3 version=$4 file=$5
place=$MYNA_SOFTWARE_DIR/$kind/$name
DPKG='sudo -n /usr/bin/dpkg'
QUERY=dpkg-query
CACHE=/var/cache/apt/archives
if [ -f "${0%/*}/deb.conf" ]; then
	# shellcheck source=/dev/null
	. "${0%/*}/deb.conf"
fi

refuse() {
	echo "$1"
	exit 20
}

# What is installed, and in order; nothing when it is not.
installed() {
	# shellcheck disable=SC2016 # dpkg's own names
	$QUERY -W -f '${db:Status-Abbrev}${Version}' "$name" 2>/dev/null | sed -n 's/^ii //p'
}

is_package() { # FILE VERSION
	[ "$(dpkg-deb -f "$1" Package Version 2>/dev/null)" = "Package: $name
Version: $2" ]
}

put() { # FILE NAME
	cp "$1" "$place/$2.new"
	sync "$place/$2.new"
	mv -f "$place/$2.new" "$place/$2"
}

# What a way back would need, before anything changes.
keep_former() {
	now=$(installed)
	rm -f "$place/former.deb"
	[ -n "$now" ] || return 0 # there was none
	for kept in "$place/current.deb" "$CACHE/${name}_"*.deb; do
		if is_package "$kept" "$now"; then
			put "$kept" former.deb
			return 0
		fi
	done
	refuse "the package of $name $now is not kept: put it into $place/current.deb, so that there is a way back"
}

# The robot's program is not what is in force until it is started anew.
done_with() {
	[ "$kind" != agent ] || exit 10
}

install_it() {
	is_package "$file" "$version" || refuse "the file is no Debian package of $name $version"
	mkdir -p "$place"
	if [ "$(installed)" != "$version" ]; then
		[ -f "$place/next.deb" ] || keep_former # else it was begun: what is installed may be half of it
		put "$file" next.deb
		$DPKG -i "$place/next.deb"
	fi
	done_with
}

confirm() {
	[ ! -f "$place/next.deb" ] || mv -f "$place/next.deb" "$place/current.deb"
}

revert() {
	if [ ! -f "$place/next.deb" ] && [ "$(installed)" != "$version" ]; then
		return 0 # it never came so far, or is back already
	fi
	if [ -f "$place/former.deb" ]; then
		$DPKG --force-downgrade -i "$place/former.deb"
		put "$place/former.deb" current.deb
	else
		$DPKG -r "$name"
		rm -f "$place/current.deb"
	fi
	rm -f "$place/next.deb"
	done_with
}

case $verb in
install) install_it ;;
confirm) confirm ;;
revert) revert ;;
esac
