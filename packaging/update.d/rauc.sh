#!/bin/sh
# Installs a whole system with RAUC, into the one of two systems that does not run: put it into update.d
# under the kind's name ("system", or "agent" when the bundle's version is the program's). The manifest's
# version is the bundle's. What RAUC and REBOOT are stands, where it is different, in rauc.conf beside this
# program.
#
# RAUC checks the bundle's own signature, too. The new system is good once it is confirmed; until then the
# bootloader falls back when it does not start. The robot's state must lie on a disk that both systems have.
# Every step may be done again after a power cut. schema/MANIFEST.md tells what update.d's programs are asked.
set -eu
verb=$1 name=$3 version=$4 file=$5
RAUC=rauc
REBOOT='systemctl reboot'
if [ -f "${0%/*}/rauc.conf" ]; then
	# shellcheck source=/dev/null
	. "${0%/*}/rauc.conf"
fi

refuse() {
	echo "$1"
	exit 20
}

# The version of the bundle that the running system ("booted") or the other one ("inactive") came with;
# nothing when it came otherwise.
version_of() { # STATE
	(
		eval "$($RAUC status --detailed --output-format=shell)"
		for n in $RAUC_SLOTS; do
			eval "state=\${RAUC_SLOT_STATE_$n:-} bundle=\${RAUC_SLOT_STATUS_BUNDLE_VERSION_$n:-}"
			# shellcheck disable=SC2154 # both are set by eval
			[ "$state" != "$1" ] || echo "$bundle"
		done | head -n 1
	)
}

start_anew() {
	$REBOOT
	exit 10
}

install_it() {
	[ "$(version_of booted)" != "$version" ] || return 0 # it runs already
	what=$($RAUC info --output-format=shell "$file" 2>&1) || refuse "RAUC refuses the bundle: $(echo "$what" | tail -n 1)"
	found=$(eval "$what" && echo "$RAUC_MF_VERSION")
	[ "$found" = "$version" ] || refuse "the bundle is version $found of $name, not $version"
	$RAUC install "$file"
	start_anew
}

confirm() {
	if [ "$(version_of booted)" != "$version" ]; then
		echo "the robot came up with the system before it"
		exit 1
	fi
	$RAUC status mark-good booted
}

revert() {
	if [ "$(version_of booted)" = "$version" ]; then
		$RAUC status mark-bad booted
		$RAUC status mark-active other
		start_anew
	fi
	# it never came up, or is back already: this system is the one to start
	[ "$(version_of inactive)" != "$version" ] || $RAUC status mark-bad other
	$RAUC status mark-active booted
}

case $verb in
install) install_it ;;
confirm) confirm ;;
revert) revert ;;
esac
