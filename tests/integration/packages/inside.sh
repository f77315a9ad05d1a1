#!/bin/sh
# inside.sh - what packages.sh does in its bare Debian: everything an administrator does with the packages, and a look at
# what that left behind. Its argument is the architecture.
set -eu
arch=$1
set -- myna-server myna-agent mynactl
built=/mnt/source/.build/packages
work=$(mktemp -d)
failures=0

check() { # WHAT COMMAND...
	what=$1
	shift
	"$@" >"$work/out" 2>&1 || {
		failures=$((failures + 1))
		echo "$what"
		sed 's/^/  /' "$work/out"
	}
}

apt() {
	apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >"$work/apt.log" 2>&1 || {
		echo "apt-get $*"
		tail -n 30 "$work/apt.log"
		exit 1
	}
}

# Every name that the packages could have made.
names() {
	find / -xdev \( -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /mnt -o -path /var/cache -o -path /var/lib/dpkg \
		-o -path /var/lib/apt -o -path /var/log/apt \) -prune -o -print | sort
}

# The same package as an earlier version: with another line in each configuration.
earlier() { # PACKAGE
	dpkg-deb -R "$built/$1_"*"_$arch.deb" "$work/earlier"
	sed -i 's/^Version: .*/Version: 0.0.9/' "$work/earlier/DEBIAN/control"
	for file in "$work/earlier/etc/myna/"*.conf; do
		[ ! -f "$file" ] || echo "# of the version before" >>"$file"
	done
	dpkg-deb -Zgzip -z1 -b "$work/earlier" "$work/$1.deb" >/dev/null
	rm -rf "$work/earlier"
}

apt update
for name in "$@"; do
	earlier "$name"
	# what stays when the packages go
	apt satisfy --no-install-recommends "$(dpkg-deb -f "$work/$name.deb" Depends)"
done
apt install --no-install-recommends bash-completion
names >"$work/before"

# A package that nobody set up leaves nothing behind.
apt install --no-install-recommends "$built"/*"_$arch.deb"
check "mynad starts without keys" sh -c "! test -e /run/mynad"
apt purge "$@"
names >"$work/after"
check "a package that was never set up leaves something behind" diff "$work/before" "$work/after"

apt install --no-install-recommends "$work"/*.deb
version=$(dpkg-deb -f "$built/mynactl_"*"_$arch.deb" Version)
for program in mynad myna-agent myna-voice myna-voice-http myna-wake mynactl; do
	check "$program --version does not say $version" sh -c "'$program' --version | grep -qw '$version'"
done
for unit in mynad myna-agent; do
	check "systemd refuses $unit.service" systemd-analyze verify --man=no "/usr/lib/systemd/system/$unit.service"
	check "$unit.service is not enabled" test -L "/etc/systemd/system/multi-user.target.wants/$unit.service"
	check "the state folder of $unit is open" test "$(stat -c '%U %G %a' "/var/lib/$unit")" = "$unit $unit 700"
	check "somebody may log in as $unit" sh -c "getent passwd $unit | grep -q nologin"
done
for group in audio video render input; do
	check "the robot may not use $group" sh -c "id -Gn myna-agent | grep -qw $group"
done
check "a file of the packages may be changed by somebody but root" \
	sh -c "! dpkg -L $* | xargs -d '\n' stat -c '%U:%G %A %n' | grep -vE '^root:root (-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) '"
check "the keys cannot be made" runuser -u mynad -- mynad init
check "a contract cannot be checked" sh -c "mynactl contract --help >/dev/null"
runuser -u myna-agent -- sh -c 'echo once >/var/lib/myna-agent/journal'
keys=$(sha256sum /var/lib/mynad/master.key)
echo "log_level = warning" >>/etc/myna/mynad.conf

apt install --no-install-recommends "$built"/*"_$arch.deb"
check "an upgrade does not say how the database follows" grep -q "mynad migrate" "$work/apt.log"
check "an upgrade lost what was changed in mynad.conf" grep -qx "log_level = warning" /etc/myna/mynad.conf
check "an upgrade does not offer its own mynad.conf" test -f /etc/myna/mynad.conf.dpkg-dist
check "an upgrade keeps a configuration that nobody changed" sh -c "! grep -q 'version before' /etc/myna/myna-agent.conf"
check "an upgrade changed the keys" test "$(sha256sum /var/lib/mynad/master.key)" = "$keys"
check "an upgrade lost the journal" grep -qx once /var/lib/myna-agent/journal
check "the new version is not there" sh -c "dpkg-query -W -f '\${Version}\n' $* | uniq | grep -qx '$version'"

apt remove "$@"
check "removing took the configuration" grep -qx "log_level = warning" /etc/myna/mynad.conf
check "removing took the keys" test "$(sha256sum /var/lib/mynad/master.key)" = "$keys"
check "removing took the journal" test -f /var/lib/myna-agent/journal
apt purge "$@"
check "purging took the keys of a fleet" test "$(sha256sum /var/lib/mynad/master.key)" = "$keys"
check "purging does not say that it keeps the keys" grep -q "/var/lib/mynad .* kept" "$work/apt.log"
check "purging left what a robot knew" sh -c "! test -e /var/lib/myna-agent"
rm -rf /var/lib/mynad /var/log/myna
names >"$work/after"
check "purging leaves something behind" diff "$work/before" "$work/after"

[ "$failures" = 0 ]
