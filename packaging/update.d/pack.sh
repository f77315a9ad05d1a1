#!/bin/sh
# Installs what is one file: avatars (NAME.svg) and voices (a program of the voice protocol). Each version
# has a folder of its own below $MYNA_SOFTWARE_DIR/KIND/NAME; "current" names the one in force and "former"
# the one before it, so that going back needs neither network nor luck. Every step may be done again after
# a power cut. schema/MANIFEST.md tells what update.d's programs are asked.
set -eu
verb=$1 kind=$2 name=$3 version=$4 file=$5
place=$MYNA_SOFTWARE_DIR/$kind/$name
folder=v-$version-$(printf %.8s "$MYNA_SHA256")

# What the link names, without the folder; nothing when there is none.
target() {
	readlink "$place/$1" 2>/dev/null || true
}

# Makes the link name it, in one step.
point() {
	ln -sfn "$2" "$place/$1.new"
	mv -fT "$place/$1.new" "$place/$1"
	sync "$place"
}

check() {
	case $kind in
	avatar)
		[ -x "$MYNA_AGENT" ] || MYNA_AGENT=myna-agent
		if ! problem=$("$MYNA_AGENT" avatar "$file" 2>&1 >/dev/null); then
			echo "$problem" | tail -n 1
			exit 20
		fi
		;;
	voice) ;;
	*)
		echo "this installer knows avatars and voices, not $kind"
		exit 20
		;;
	esac
}

install_it() {
	check
	mkdir -p "$place"
	chmod 0700 "$place"
	if [ "$(target current)" != "$folder" ]; then
		rm -rf "$place/new" "${place:?}/$folder"
		mkdir "$place/new"
		case $kind in
		avatar) cp "$file" "$place/new/$name.svg" ;;
		voice) cp "$file" "$place/new/$name" && chmod 0755 "$place/new/$name" ;;
		esac
		sync "$place/new/$name"* "$place/new"
		mv -T "$place/new" "$place/$folder"
		old=$(target current)
		point former "${old:-none}"
		point current "$folder"
	fi
	tidy
	case $kind in
	voice) exit 10 ;; # the robot's program has the former one open
	esac
}

# Folders that neither link names.
tidy() {
	for old in "$place"/v-*; do
		case ${old##*/} in
		"$(target current)" | "$(target former)") ;;
		*) rm -rf "$old" ;;
		esac
	done
}

revert() {
	old=$(target former)
	if [ "$(target current)" != "$folder" ]; then # it never came so far, or is back already
		[ "$(target current)" != "$old" ] || rm -f "$place/former"
		return 0
	fi
	if [ "${old:-none}" = none ]; then
		rm -f "$place/current"
	else
		point current "$old"
	fi
	rm -f "$place/former"
	sync "$place"
	tidy
	case $kind in
	voice) exit 10 ;;
	esac
}

case $verb in
install) install_it ;;
confirm) tidy ;;
revert) revert ;;
*)
	echo "there is no verb $verb"
	exit 20
	;;
esac
