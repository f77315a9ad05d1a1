#!/bin/sh
# Removing leaves state and configuration. Purging leaves what cannot be made again: the keys of a fleet, the
# hashes of its audit, and whatever the database holds. Users stay, as Debian's do.
set -e
state=/var/lib/mynad

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
	deb-systemd-helper purge mynad.service >/dev/null || true
	deb-systemd-helper unmask mynad.service >/dev/null || true
	if [ ! -d $state ] || rmdir $state 2>/dev/null; then
		rm -rf /var/log/myna
	else
		echo "$state and /var/log/myna are kept: without these keys no robot and no secret of the database can"
		echo "be read again. When nobody needs that fleet any more, remove both folders and drop its database."
	fi
	rmdir --ignore-fail-on-non-empty /etc/myna 2>/dev/null || true
fi
