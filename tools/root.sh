# shellcheck shell=sh
# root.sh - bare Debians in folders: made once by debootstrap from the mirror that this machine's apt has, kept in
# $MYNA_HOME/roots, entered in namespaces of their own with a layer on top that is gone afterwards.

# The address that apt has Debian's main archive from.
debian_mirror() {
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # apt's own names
	mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Identifier: Packages' |
		sed -n "s/^$codename //p" | head -n 1)
	[ -n "$mirror" ] || die "apt knows no archive of $codename" 'Name one in /etc/apt/sources.list, then run apt-get update'
	printf '%s\n' "$mirror"
}

# bare_debian RELEASE: sets ROOT to a folder with it
bare_debian() {
	ROOT=$MYNA_HOME/roots/$1
	[ ! -f "$ROOT.complete" ] || return 0
	prepare_home
	need_disk "$MYNA_HOME" 1500
	mirror=$(debian_mirror)
	mkdir -p "$MYNA_HOME/roots"
	rm -rf "$ROOT"
	step "debootstrap ($1)"
	debootstrap --variant=minbase "$1" "$ROOT" "$mirror" >"$MYNA_HOME/log/debootstrap-$1.log" 2>&1 ||
		die "a bare $1 could not be made" "Its output is in $MYNA_HOME/log/debootstrap-$1.log"
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
	chmod 755 "$ROOT/usr/sbin/policy-rc.d"
	apt-config dump | grep -i '^Acquire::https\?::proxy' >"$ROOT/etc/apt/apt.conf.d/90proxy" || true
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
	: >"$ROOT.complete"
	step_done
}

# in_root ROOT LAYER COMMAND...: runs it with ROOT as its whole file system. What it writes goes to the folder
# LAYER, "memory" keeps nothing of it. Packages that apt fetches are kept for the next time.
in_root() {
	mkdir -p "$1.debs"
	unshare --mount --pid --fork --kill-child "$MYNA_ROOT/tools/root_enter.sh" "$@"
}
