#!/bin/sh
# probe.sh - what dialects.md tells at its end, done with a vendor of that page: one robot gets a route
# to it, and probes. The stand-in at URL speaks that vendor's dialect.
#
# usage: probe.sh VENDOR URL MODEL
set -eu
vendor=$1
robot=kitchen-7

waits() { # WHAT COMMAND...: until it is true
	what=$1
	shift
	end=$(($(date +%s) + 60))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || { echo "$vendor: $what" && mynactl device commands "$robot" && exit 1; }
		sleep 0.2
	done
}

is_current() {
	[ "$(mynactl device get "$robot" --json | tr -d ' ' | grep -o '"\(desired\|reported\)_generation":[0-9]*' | cut -d: -f2 | sort -u | wc -l)" = 1 ]
}

is_answered() {
	mynactl device commands "$robot" | grep -w "$vendor/$1" | grep -qw "done"
}

# a key goes to another host only when it is given again
key=$vendor.key
[ -f "$key" ] || key=$VENDOR_KEY
mynactl vendor set "$vendor" --base-url "$2" --key-file "$key"
sed "s/example/$vendor/g" example.yaml >"$vendor.yaml"
mynactl contract apply -f "$vendor.yaml"
mynactl config set "device:$robot" "routes=[{\"vendor\":\"$vendor\",\"model\":\"$3\",\"contract\":\"$vendor-2026\"}]"
waits "the robot does not take the route" is_current
mynactl device probe "$robot" "$vendor/$3"
waits "no answer to the probe" is_answered "$3"
