#!/bin/sh
# packaging/update.d/swupdate.sh with the real SWUpdate: signed archives through its service into two copies
# that are files, and a bootloader that is a file. Exit status 77: there is no SWUpdate here.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
export PATH="$PATH:/usr/sbin:/sbin"
for program in swupdate swupdate-client cpio openssl; do
	command -v $program >/dev/null || exit 77
done
dir=$(mktemp -d /tmp/myna-swupdate.XXXXXX)
service=
finish() {
	if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; fi
	wait
	rm -rf "$dir"
}
trap finish EXIT
export MYNA_SOFTWARE_DIR="$dir/software"
export TMPDIR="$dir/sockets"

mkdir -p "$dir/update.d" "$dir/sockets"
for name in company other; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -addext extendedKeyUsage=emailProtection \
		-keyout "$dir/$name.key" -out "$dir/$name.pem" 2>/dev/null
done
for copy in a b; do truncate -s 64K "$dir/$copy.img"; done
echo a >"$dir/next"
cp "$dir/next" "$dir/running"
cat >"$dir/bootloader" <<EOF
#!/bin/sh
echo "\$1" >$dir/next
EOF
chmod 0755 "$dir/bootloader"
cp "$root/packaging/update.d/swupdate.sh" "$dir/update.d/system"
cat >"$dir/update.d/swupdate.conf" <<EOF
CHECK='swupdate --check -k $dir/company.pem -H robot:1.0'
RUNNING='cat $dir/running'
NEXT=$dir/bootloader
GOOD='touch $dir/good'
REBOOT='touch $dir/reboot'
EOF

archive() { # VERSION KEY FILE
	mkdir "$dir/content"
	printf 'system %s' "$1" >"$dir/content/system.img"
	truncate -s 32K "$dir/content/system.img"
	hash=$(sha256sum "$dir/content/system.img" | cut -d ' ' -f 1)
	{
		printf 'software = { version = "%s"; hardware-compatibility: ["1.0"]; stable = {\n' "$1"
		for copy in a b; do
			printf '%s: { images: ( { filename = "system.img"; device = "%s"; type = "raw"; sha256 = "%s"; } ); };\n' \
				$copy "$dir/$copy.img" "$hash"
		done
		echo '}; }'
	} >"$dir/content/sw-description"
	openssl cms -sign -in "$dir/content/sw-description" -out "$dir/content/sw-description.sig" \
		-signer "$dir/$2.pem" -inkey "$dir/$2.key" -outform DER -nosmimecap -binary
	(cd "$dir/content" && printf '%s\n' sw-description sw-description.sig system.img | cpio -o -H crc 2>/dev/null) >"$dir/$3"
	rm -r "$dir/content"
}

# The installer's answer to VERB VERSION [FILE].
ask() {
	status=0
	said=$("$dir/update.d/system" "$1" system robot "$2" "${3:-}" 2>&1) || status=$?
}

# The robot starts from the copy that the bootloader names.
start() {
	cp "$dir/next" "$dir/running"
	rm -f "$dir/reboot" "$dir/good"
}

# Which copy runs, what it is, and whether the robot is to start anew.
expect() { # WHAT STATUS RUNNING REBOOT
	copy=$(cat "$dir/running")
	runs="$copy $(head -c 10 "$dir/$copy.img" | tr -d '\0')"
	[ ! -e "$dir/reboot" ] && reboot=no || reboot=yes
	[ "$status" = "$2" ] && [ "$runs" = "$3" ] && [ "$reboot" = "$4" ] && return
	echo "$1: status $status instead of $2, \"$runs\" instead of \"$3\", reboot $reboot instead of $4: $said"
	cat "$dir/service.log"
	exit 1
}

swupdate -v -k "$dir/company.pem" -H robot:1.0 -M -m -q stable,a -q stable,b >"$dir/service.log" 2>&1 &
service=$!
for n in $(seq 600); do
	[ ! -S "$TMPDIR/sockinstctrl" ] || break
	sleep 0.05
done
[ -S "$TMPDIR/sockinstctrl" ] || { echo "SWUpdate's service: not after $n looks"; exit 1; }
archive 1.1 company one.swu
archive 1.2 company two.swu
archive 1.1 other forged.swu

ask install 1.1 "$dir/forged.swu" && expect 'what another key signed is refused' 20 'a ' no
ask install 1.1 "$dir/one.swu" && expect 'it goes into the other copy' 10 'a ' yes
rm "$MYNA_SOFTWARE_DIR/system/robot/b" "$dir/reboot"
ask install 1.1 "$dir/one.swu" && expect 'after a power cut it goes there again' 10 'a ' yes
start
ask install 1.1 "$dir/one.swu" && expect 'when it runs there is nothing to do' 0 'b system 1.1' no
ask confirm 1.1 && expect 'it stays' 0 'b system 1.1' no
[ -e "$dir/good" ] || { echo 'the bootloader was not told that it is good'; exit 1; }

ask install 1.2 "$dir/two.swu" && expect 'the next one takes the place of the first' 10 'b system 1.1' yes
start
ask revert 1.2 && expect 'what fails its test goes back' 10 'a system 1.2' yes
start
ask revert 1.2 && expect 'it is back already' 0 'b system 1.1' no

ask install 1.2 "$dir/two.swu" && expect 'it comes again' 10 'b system 1.1' yes
rm "$dir/reboot" # it did not start: the bootloader took the former one
ask confirm 1.2 && expect 'what did not come up is not confirmed' 1 'b system 1.1' no
ask revert 1.2 && expect 'and the former one stays' 0 'b system 1.1' no
[ "$(cat "$dir/next")" = b ] || { echo 'the bootloader names the copy that does not start'; exit 1; }
echo 'swupdate.sh: installed, kept, taken back'
