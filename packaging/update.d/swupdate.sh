#!/bin/sh
# Installs a whole system with SWUpdate, into the one of two copies that does not run: put it into update.d
# under the kind's name ("system"). The archive's sw-description has the copies as the modes "a" and "b" of
# the set "stable". How this robot calls SWUpdate and its bootloader stands, where it is different, in
# swupdate.conf beside this program.
#
# SWUpdate checks the archive's own signature, too. The robot's state must lie on a disk that both copies
# have. Every step may be done again after a power cut. schema/MANIFEST.md tells what update.d's programs are
# asked.
set -eu
verb=$1 kind=$2 name=$3 version=$4 file=$5
place=$MYNA_SOFTWARE_DIR/$kind/$name
CHECK='swupdate --check -k /etc/swupdate/public.pem' # -e stable,COPY -i FILE
INSTALL=swupdate-client                              # -e stable,COPY FILE
RUNNING='fw_printenv -n copy'                        # a or b
NEXT='fw_setenv copy'                                # COPY: the one to start next
GOOD='fw_setenv upgrade_available 0'                 # the running one needs no way back
REBOOT='systemctl reboot'
if [ -f "${0%/*}/swupdate.conf" ]; then
	# shellcheck source=/dev/null
	. "${0%/*}/swupdate.conf"
fi

running=$($RUNNING)
case $running in
a) other=b ;;
b) other=a ;;
*)
	echo "the bootloader names neither copy a nor b, but \"$running\""
	exit 20
	;;
esac

# What was put into a copy; nothing when it came with the robot, or only half of it came.
version_of() { # COPY
	cat "$place/$1" 2>/dev/null || true
}

start_copy() { # COPY
	$NEXT "$1"
	[ "$1" != "$running" ] || return 0
	$REBOOT
	exit 10
}

install_it() {
	[ "$(version_of "$running")" != "$version" ] || return 0 # it runs already
	scratch=$(mktemp -d) # for sockets that are not the service's
	status=0
	said=$(TMPDIR=$scratch $CHECK -e "stable,$other" -i "$file" 2>&1) || status=$?
	rm -rf "$scratch"
	if [ $status != 0 ]; then
		echo "SWUpdate refuses the archive: $(echo "$said" | grep ERROR | head -n 1)"
		exit 20
	fi
	mkdir -p "$place"
	rm -f "$place/$other"
	sync "$place"
	$INSTALL -e "stable,$other" "$file"
	echo "$version" >"$place/$other.new"
	sync "$place/$other.new"
	mv -f "$place/$other.new" "$place/$other"
	start_copy "$other"
}

confirm() {
	if [ "$(version_of "$running")" != "$version" ]; then
		echo "the robot came up with the system before it"
		exit 1
	fi
	$GOOD
}

revert() {
	if [ "$(version_of "$running")" = "$version" ]; then
		start_copy "$other"
	else # it never came up, or is back already
		start_copy "$running"
	fi
}

case $verb in
install) install_it ;;
confirm) confirm ;;
revert) revert ;;
esac
