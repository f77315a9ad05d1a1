#!/bin/sh
# packaging/update.d/rauc.sh with the real RAUC: signed bundles into two slots that are files, a bootloader
# that is a script, a bus of its own, and robots' restarts that start the service anew from whichever
# system the bootloader names. Exit status 77: there is no RAUC here, or nobody here may mount a bundle.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
export PATH="$PATH:/usr/sbin:/sbin"
for program in rauc mksquashfs dbus-daemon openssl; do
	command -v $program >/dev/null || exit 77
done
[ "$(id -u)" = 0 ] || exit 77
dir=$(mktemp -d /tmp/myna-rauc.XXXXXX)
bus=
service=
finish() {
	for pid in $service $bus; do kill "$pid" 2>/dev/null || true; done
	wait
	rm -rf "$dir"
}
trap finish EXIT

mkdir -p "$dir/update.d" "$dir/mount" "$dir/boot"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=A Company' -keyout "$dir/company.key" \
	-out "$dir/company.pem" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Another' -keyout "$dir/other.key" \
	-out "$dir/other.pem" 2>/dev/null
for slot in a b; do truncate -s 64K "$dir/$slot.img"; done
cat >"$dir/system.conf" <<EOF
[system]
compatible=A Company's robot
bootloader=custom
mountprefix=$dir/mount
statusfile=$dir/slots.status
[keyring]
path=$dir/company.pem
[handlers]
bootloader-custom-backend=$dir/bootloader
[slot.system.0]
device=$dir/a.img
type=raw
bootname=a
[slot.system.1]
device=$dir/b.img
type=raw
bootname=b
EOF
# What a bootloader keeps: which system starts next, and whether it may.
cat >"$dir/bootloader" <<EOF
#!/bin/sh
cd $dir/boot
case \$1 in
get-primary) cat primary ;;
set-primary) echo "\$2" >primary; echo good >"\$2" ;;
get-state) cat "\$2" ;;
set-state) echo "\$3" >"\$2" ;;
get-current) cat current ;;
esac
EOF
echo a >"$dir/boot/primary"
echo good >"$dir/boot/a"
echo good >"$dir/boot/b"
chmod 0755 "$dir/bootloader"
cat >"$dir/bus.conf" <<EOF
<busconfig><type>system</type><listen>unix:path=$dir/bus</listen>
<policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow user="*"/></policy>
</busconfig>
EOF
dbus-daemon --config-file="$dir/bus.conf" --nofork --nopidfile 2>"$dir/bus.log" &
bus=$!
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$dir/bus"

cp "$root/packaging/update.d/rauc.sh" "$dir/update.d/system"
cat >"$dir/update.d/rauc.conf" <<EOF
RAUC='rauc --conf=$dir/system.conf'
REBOOT='touch $dir/reboot'
EOF

until_true() { # WHAT COMMAND...
	what=$1
	shift
	for n in $(seq 600); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	echo "$what: not after $n looks"
	cat "$dir"/*.log
	exit 1
}

# The robot starts: from the system that the bootloader names, or the other one when that is bad.
start() {
	if [ -n "$service" ]; then
		kill "$service"
		wait "$service" 2>/dev/null || true
	fi
	running=$(cat "$dir/boot/primary")
	if [ "$(cat "$dir/boot/$running")" = bad ]; then
		[ "$running" = a ] && running=b || running=a
	fi
	echo "$running" >"$dir/boot/current"
	rm -f "$dir/reboot"
	rauc --conf="$dir/system.conf" --override-boot-slot="$running" service >>"$dir/service.log" 2>&1 &
	service=$!
	until_true 'the service' rauc --conf="$dir/system.conf" status
}

bundle() { # VERSION KEY FILE
	mkdir "$dir/content"
	printf 'system %s' "$1" >"$dir/content/system.img"
	truncate -s 32K "$dir/content/system.img"
	printf "[update]\ncompatible=A Company's robot\nversion=%s\n[bundle]\nformat=plain\n[image.system]\nfilename=system.img\n" \
		"$1" >"$dir/content/manifest.raucm"
	rauc --cert="$dir/$2.pem" --key="$dir/$2.key" bundle "$dir/content" "$dir/$3" >/dev/null 2>&1
	rm -r "$dir/content"
}

# The installer's answer to VERB VERSION [FILE].
ask() {
	status=0
	said=$("$dir/update.d/system" "$1" system robot "$2" "${3:-}" 2>&1) || status=$?
}

# Which system runs, what it is, and whether the robot is to start anew.
expect() { # WHAT STATUS RUNNING REBOOT
	runs="$running $(head -c 10 "$dir/$running.img" | tr -d '\0')"
	[ ! -e "$dir/reboot" ] && reboot=no || reboot=yes
	[ "$status" = "$2" ] && [ "$runs" = "$3" ] && [ "$reboot" = "$4" ] && return
	echo "$1: status $status instead of $2, \"$runs\" instead of \"$3\", reboot $reboot instead of $4: $said"
	cat "$dir"/*.log
	exit 1
}

bundle 1.1 company one.raucb
bundle 1.2 company two.raucb
bundle 1.1 other forged.raucb
until_true 'the bus' test -S "$dir/bus"
start
if ! mkdir "$dir/try" || ! mount -o loop,ro -t squashfs "$dir/one.raucb" "$dir/try" 2>/dev/null; then exit 77; fi
umount "$dir/try"

ask install 1.1 "$dir/forged.raucb" && expect 'what another key signed is refused' 20 'a ' no
ask install 1.2 "$dir/one.raucb" && expect 'another version is refused' 20 'a ' no
ask install 1.1 "$dir/one.raucb" && expect 'it goes into the other system' 10 'a ' yes
ask install 1.1 "$dir/one.raucb" && expect 'after a power cut it goes there again' 10 'a ' yes
start
ask install 1.1 "$dir/one.raucb" && expect 'when it runs there is nothing to do' 0 'b system 1.1' no
ask confirm 1.1 && expect 'it stays' 0 'b system 1.1' no
start
ask confirm 1.1 && expect 'also when the robot starts anew' 0 'b system 1.1' no

ask install 1.2 "$dir/two.raucb" && expect 'the next one takes the place of the first' 10 'b system 1.1' yes
start
ask revert 1.2 && expect 'what fails its test goes back' 10 'a system 1.2' yes
start
ask revert 1.2 && expect 'it is back already' 0 'b system 1.1' no

ask install 1.2 "$dir/two.raucb" && expect 'it comes again' 10 'b system 1.1' yes
echo bad >"$dir/boot/a" # it did not start, as the bootloader found
start
ask confirm 1.2 && expect 'what did not come up is not confirmed' 1 'b system 1.1' no
ask revert 1.2 && expect 'and the former one stays' 0 'b system 1.1' no
[ "$(cat "$dir/boot/primary")" = b ] || { echo 'the bootloader names the system that does not start'; exit 1; }
echo 'rauc.sh: installed, kept, taken back'
