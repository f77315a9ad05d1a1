#!/bin/sh
# Dependencies point one way, and each vendor library is known in one place (style rules 1 and 2).
set -eu
cd "$1"
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

sources() { # FOLDER...
	git ls-files -co --exclude-standard -- "$@" | grep -E '\.[ch]$' || true
}

# lines PATTERN : the lines of the files on standard input that match it, one grep for all files
lines() {
	xargs -r grep -HnE "$1" || true
}

# only_in PATTERN "ALLOWED FOLDER OR FILE, ..." : an include of PATTERN elsewhere is a finding
only_in() {
	pattern=$1
	shift
	allowed=$(printf '|%s' "$@")
	sources schema server agent | { grep -vE "^(${allowed#|})" || true; } | lines "#include [<\"]($pattern)"
}

# must_not FOLDER "PATTERN OF INCLUDED FOLDERS"
must_not() {
	sources "$1" | lines "#include \"($2)"
}

{
	only_in 'microhttpd' server/http/
	only_in 'libpq-fe' server/store/
	only_in 'MQTTAsync|MQTTClient' server/bus/ agent/link/client.c
	only_in 'curl/' agent/chat/http.c server/ctl/client.c server/notify/post.c server/sso/fetch.c
	only_in 'mbedtls/' schema/base/
	only_in 'openssl/' agent/chat/tls_dates.c
	only_in 'jansson' schema/base/json.c
	only_in 'pb\.h|pb_' schema/wire/
	only_in 'espeak' agent/voice/espeak/
	only_in 'SDL2?' agent/face/
	only_in 'cairo' agent/face/
	only_in 'expat' agent/face/xml.c
	only_in 'speex/' agent/ear/echo.c
	only_in 'pocketsphinx' agent/ear/wake/spotter.c
	only_in 'alsa/' agent/voice/ agent/ear/microphone_alsa.c
	only_in 'mosquitto' server/broker/
	only_in 'yaml\.h' server/ctl/
	only_in 'glib' server/money/zone.c

	must_not schema 'server/|agent/|tests/'
	must_not server 'agent/|tests/'
	must_not agent 'server/|tests/'
	must_not server/fleet 'server/(http|api|store|bus|jobs|money|notify|ctl|web)'
	must_not server/money 'server/(http|api|store|bus|jobs|fleet|notify|ctl|web)'
	must_not server/http 'server/(api|store|bus|jobs|fleet|money|ctl)'
	must_not server/store 'server/(http|api|bus|jobs|notify|ctl|web)'
	must_not server/bus 'server/(http|api|ctl|web)'
	must_not server/notify 'server/(http|api|store|bus|jobs|fleet|money|ctl|web)'
	must_not server/sso 'server/(http|api|store|bus|jobs|fleet|money|notify|ctl|web)'
	must_not server/ctl 'server/(http|api|store|bus|jobs|notify|web)'
	must_not agent/meter 'agent/(link|chat|voice|face)'
	must_not agent/ear 'agent/(link|face)'
	must_not agent/face 'agent/(link|chat|meter)'
	must_not agent/voice 'agent/(link|chat|meter|face)'

	# The vendors' ledger is the truth that the agent's counting is compared with.
	must_not tests/vendors 'agent/|server/|schema/wire/'
	# Simulated robots know of the server what robots know.
	must_not tests/robots 'server/'

	# What is worth arguing about does no I/O and asks nobody for the time (rules 31 and 32).
	sources server/fleet server/money schema/wire | lines '#include <(unistd|sys/socket|fcntl|time|sys/time)\.h>'
	sources schema server agent | grep -v '^schema/base/clock\.c$' |
		lines '[^_a-z](time\(NULL\)|clock_gettime\(|gettimeofday\()'
} >"$findings"

cat "$findings"
[ ! -s "$findings" ]
