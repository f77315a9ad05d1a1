#!/bin/sh
# Makes the user and the state folder and enables @UNIT@.service. It starts only once there is what its
# unit's ConditionPathExists= asks for.
set -e
unit=@UNIT@

# Whether this runs inside the unit: a robot that installs its own program ends itself when that is done,
# and restarting it from here would kill dpkg.
inside_unit() {
	grep -qs "/$unit.service" /proc/self/cgroup
}

case $1 in
configure | abort-upgrade | abort-deconfigure | abort-remove)
	systemd-sysusers "$unit.conf"
	systemd-tmpfiles --create "$unit.conf"
	deb-systemd-helper unmask "$unit.service" >/dev/null || true
	if deb-systemd-helper --quiet was-enabled "$unit.service"; then
		deb-systemd-helper enable "$unit.service" >/dev/null || true
	else
		deb-systemd-helper update-state "$unit.service" >/dev/null || true
	fi
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
		if [ -z "$2" ]; then
			deb-systemd-invoke start "$unit.service" >/dev/null || true
		elif [ $unit = myna-agent ]; then
			inside_unit || deb-systemd-invoke restart "$unit.service" >/dev/null || true
		fi
	fi
	# A server's database is migrated by who has made a backup, so the former program goes on until then.
	if [ $unit = mynad ] && [ -n "$2" ] && [ "$2" != @PROJECT_VERSION@ ]; then
		echo "mynad @PROJECT_VERSION@ is installed; what runs is the former one until, after a backup:"
		echo "  systemctl stop mynad && runuser -u mynad -- mynad migrate && systemctl start mynad"
	fi
	;;
esac
