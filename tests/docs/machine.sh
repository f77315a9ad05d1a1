#!/bin/sh
# machine.sh - a machine to follow the pages of docs/ on: in namespaces of its own, this one with
# empty folders for what an installation writes. Whatever is done there, and every program that is
# started there, is gone afterwards.
#
# usage: machine.sh SOURCE BUILD PAGE...
#
# The machine was never booted, so that it has no systemd. systemctl and journalctl stand in for it:
# they start what the installed unit names, as its user and with its environment. A unit's fences
# (ProtectSystem and the like) are not put up; integration.install has systemd verify them.
# 77: this kernel or user does not allow it.
set -eu
source=$1
build=$2
shift 2

if [ -z "${MYNA_MACHINE:-}" ]; then
	unshare --mount --net --pid --fork true 2>/dev/null || {
		echo "needs root and namespaces"
		exit 77
	}
	MYNA_MACHINE=$(mktemp -d)
	export MYNA_MACHINE
	trap 'rm -rf "$MYNA_MACHINE"' EXIT
	status=0
	unshare --mount --net --pid --fork --kill-child --mount-proc "$0" "$source" "$build" "$@" || status=$?
	exit "$status"
fi

here=$source/tests/docs
layers=$MYNA_MACHINE/layers
mount -t tmpfs machine "$MYNA_MACHINE"
for folder in /etc /usr/local /var; do
	upper=$layers$folder
	mkdir -p "$upper/upper" "$upper/work"
	mount -t overlay overlay -o "lowerdir=$folder,upperdir=$upper/upper,workdir=$upper/work" "$folder" || exit 77
done
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/postgresql /run/shm
chown postgres:postgres /run/postgresql
for folder in /etc/postgresql /var/lib/postgresql /var/lib/mynad /var/lib/myna-agent; do
	rm -rf "$folder"
done
install -d -o postgres -g postgres /etc/postgresql /var/lib/postgresql
printf "initdb_options = '--no-sync'\nfsync = off\n" >/etc/postgresql-common/createcluster.conf
ip link set lo up
echo "127.0.0.1 myna.example" >>/etc/hosts

# The checkout: its release build is the one that is tested.
mkdir -p "$MYNA_MACHINE/checkout/.build" "$MYNA_MACHINE/home"
for entry in "$source"/*; do ln -s "$entry" "$MYNA_MACHINE/checkout/"; done
ln -s "$build" "$MYNA_MACHINE/checkout/.build/release"

# A vendor that speaks every dialect stands in for those of the pages.
echo sk-of-the-pages >"$MYNA_MACHINE/vendor.key"
"$build/tests/vendors/myna-vendors" --port 9000 --key sk-of-the-pages --voice "$build/agent/voice/myna-voice" \
	--ledger "$MYNA_MACHINE/ledger" >"$MYNA_MACHINE/vendors.log" 2>&1 &

export HOME="$MYNA_MACHINE/home" VENDOR_KEY="$MYNA_MACHINE/vendor.key"
export PATH="$here/shims:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME MYNACTL_CONFIG MYNACTL_URL MYNACTL_KEY MYNACTL_CONTEXT
cd "$MYNA_MACHINE/checkout"
node "$here/walk.mjs" "$@"
