#!/bin/sh
# Stops @UNIT@.service before it is removed; an upgrade leaves it running.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop @UNIT@.service >/dev/null || true
fi
