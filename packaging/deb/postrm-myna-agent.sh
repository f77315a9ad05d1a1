#!/bin/sh
# Removing leaves state and configuration. Purging erases the robot: its keys, its journal, what was talked
# about. The user stays, as Debian's do.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload >/dev/null || true
fi
if [ "$1" = purge ]; then
	deb-systemd-helper purge myna-agent.service >/dev/null || true
	deb-systemd-helper unmask myna-agent.service >/dev/null || true
	rm -rf /var/lib/myna-agent
	for folder in /etc/myna/update.d /etc/myna; do
		rmdir --ignore-fail-on-non-empty $folder 2>/dev/null || true
	done
fi
