# shellcheck shell=sh
# stack.sh - the demo fleet on this machine: up, down, say, ctl, status.

. "$MYNA_ROOT/tools/process.sh"
. "$MYNA_ROOT/tools/database.sh"

# Tests run the same fleet from another build.
BIN=${MYNA_BUILD:-$MYNA_ROOT/.build/release}

# is_number TEXT LEAST MOST
is_number() {
	case $1 in '' | *[!0-9]* | ??????*) return 1 ;; esac
	[ "$1" -ge "$2" ] && [ "$1" -le "$3" ]
}

is_number "$MYNA_PORT_BASE" 1024 65530 ||
	die "MYNA_PORT_BASE is '$MYNA_PORT_BASE'" "It must be a number from 1024 to 65530: five ports from it on are used"
PORT_HTTP=$MYNA_PORT_BASE
PORT_ENROL=$((MYNA_PORT_BASE + 1))
PORT_ROBOTS=$((MYNA_PORT_BASE + 2))
PORT_SERVERS=$((MYNA_PORT_BASE + 3))
PORT_VENDORS=$((MYNA_PORT_BASE + 4))
ROBOT=myna-1
PARTS='mosquitto mosquitto-2 mosquitto-3 myna-vendors mynad myna-agent myna-robots' # in the order in which they start

# --- the parts, in the order in which they start ------------------------------------------------

server_options() {
	cat <<-CONF
		state_dir = $MYNA_HOME/server
		database = $DATABASE
		listen = $BIND:$PORT_HTTP
		device_listen = 127.0.0.1:$PORT_ENROL
		device_url = https://127.0.0.1:$PORT_ENROL
		device_names = IP:127.0.0.1,DNS:localhost
		broker_names = IP:127.0.0.1,DNS:localhost
		broker = $(each_broker servers)
		robot_broker = $(each_broker robots)
		demo_media = $MYNA_HOME/agent/media
	CONF
	if [ "$BIND" != 127.0.0.1 ]; then
		printf 'tls_cert = %s\ntls_key = %s\n' "$HTTPS.pem" "$HTTPS.key"
	fi
}

# The first broker's listeners are followed by the vendors' port, those of the next by one another.
broker_port() { # NUMBER robots|servers
	case $2 in
	robots) set -- "$1" "$PORT_ROBOTS" ;;
	servers) set -- "$1" "$PORT_SERVERS" ;;
	esac
	[ "$1" = 1 ] && printf '%s\n' "$2" || printf '%s\n' $(($2 + 2 * $1 - 1))
}

broker_name() { # NUMBER
	[ "$1" = 1 ] && echo mosquitto || echo "mosquitto-$1"
}

# The brokers' listeners of one kind, with commas.
each_broker() { # robots|servers
	for number in $(seq "$BROKERS"); do
		printf '127.0.0.1:%s\n' "$(broker_port "$number" "$1")"
	done | paste -sd ,
}

# The addresses behind --bind, the one to reach it by first.
addresses() {
	if [ "$BIND" = 0.0.0.0 ]; then
		hostname -I 2>/dev/null | tr ' ' '\n' | grep -E '^[0-9.]+$' || true
		echo 127.0.0.1
	else
		echo "$BIND"
	fi
}

# A dashboard that is reachable from elsewhere speaks TLS only, with a self-signed certificate.
make_https_certificate() {
	[ "$BIND" != 127.0.0.1 ] && [ ! -f "$HTTPS.pem" ] || return 0
	names=$(addresses | sed 's/^/IP:/' | tr '\n' ',')
	(umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
		-subj "/CN=$BIND" -addext "subjectAltName=${names%,}" -keyout "$HTTPS.key" -out "$HTTPS.pem.new" \
		>>"$LOG/https.log" 2>&1 && mv "$HTTPS.pem.new" "$HTTPS.pem") ||
		die "no certificate could be made for $BIND" "$(cure "$LOG/https.log")"
}

mynad_do() {
	"$BIN/mynad" --config "$MYNA_HOME/mynad.conf" "$@"
}

prepare_server() {
	HTTPS=$MYNA_HOME/server/https-$BIND
	server_options | put_config "$MYNA_HOME/mynad.conf" mynad
	mkdir -p "$MYNA_HOME/server"
	make_https_certificate
	mynad_do init >>"$LOG/mynad.log" 2>&1 ||
		die "the keys could not be made: $(because "$LOG/mynad.log")" "$(cure "$LOG/mynad.log")"
	mynad_do migrate >>"$LOG/mynad.log" 2>&1 ||
		die "the database could not be brought to this version: $(because "$LOG/mynad.log")" "$(cure "$LOG/mynad.log")"
	if [ ! -f "$MYNA_HOME/login" ]; then
		(umask 077 && printf 'name: admin\npassword: %s\n' "$(random_word 20)" >"$MYNA_HOME/login.new")
		login_password "$MYNA_HOME/login.new" | mynad_do operator admin --role admin >>"$LOG/mynad.log" 2>&1 ||
			die "the operator could not be made: $(because "$LOG/mynad.log")" "$(cure "$LOG/mynad.log")"
		mv "$MYNA_HOME/login.new" "$MYNA_HOME/login"
	fi
}

login_password() { # FILE
	sed -n 's/^password: //p' "$1"
}

broker_start() { # NUMBER
	name=$(broker_name "$1")
	config=$MYNA_HOME/broker/$name.conf
	mkdir -p "$MYNA_HOME/broker"
	sed -e "s|@STATE@|$MYNA_HOME/server|g" -e "s|@BIND@|127.0.0.1|g" \
		-e "s|@ROBOTS_PORT@|$(broker_port "$1" robots)|g" -e "s|@SERVERS_PORT@|$(broker_port "$1" servers)|g" \
		-e "s|@PLUGIN@|$BIN/server/broker/myna_broker.so|g" \
		-e "s|@ACL@|$MYNA_ROOT/server/broker/acl|g" -e "s|@USER@|$(id -un)|g" \
		"$MYNA_ROOT/server/broker/mosquitto.conf.in" | put_config "$config" "$name"
	running "$name" || start "$name" /usr/sbin/mosquitto -c "$config"
	must_start "$name" 10 port_taken "$(broker_port "$1" servers)"
}

vendors_start() {
	running myna-vendors && return 0
	mkdir -p "$MYNA_HOME/vendors"
	for vendor in dahan erxian; do
		[ -f "$MYNA_HOME/vendors/$vendor.key" ] ||
			(umask 077 && printf 'sk-%s' "$(random_word 32)" >"$MYNA_HOME/vendors/$vendor.key")
	done
	(umask 077 && for vendor in dahan erxian; do
		cat "$MYNA_HOME/vendors/$vendor.key"
		echo
	done >"$MYNA_HOME/vendors/keys")
	start myna-vendors "$BIN/tests/vendors/myna-vendors" --port "$PORT_VENDORS" \
		--voice "$BIN/agent/voice/myna-voice" \
		--keys "$MYNA_HOME/vendors/keys" --ledger "$MYNA_HOME/vendors/ledger.jsonl" \
		--sentences /usr/share/games/fortunes
	must_start myna-vendors 10 port_taken "$PORT_VENDORS"
}

server_url() {
	if [ "$BIND" = 127.0.0.1 ]; then
		printf 'http://127.0.0.1:%s' "$PORT_HTTP"
	else
		printf 'https://%s:%s' "$(addresses | head -n 1)" "$PORT_HTTP"
	fi
}

server_ready() {
	curl -fsk --max-time 2 "$(server_url)/readyz"
}

server_start() {
	if ! running mynad; then
		start mynad "$BIN/mynad" --config "$MYNA_HOME/mynad.conf"
	fi
	must_start mynad 20 server_ready
}

ctl() {
	MYNACTL_CONFIG=$MYNA_HOME/ctl.json "$BIN/mynactl" "$@"
}

ctl_quiet() { # for the set-up: a failure stops everything, with its reason
	ctl "$@" >"$LOG/ctl.log" 2>&1 || {
		step_abandon
		cat "$LOG/ctl.log" >&2
		die "mynactl $1 $2 failed" "The server's log is $LOG/mynad.log"
	}
}

log_in() {
	set --
	[ "$BIND" = 127.0.0.1 ] || set -- --ca "$HTTPS.pem"
	login_password "$MYNA_HOME/login" |
		ctl login --url "$(server_url)" --name admin "$@" >"$LOG/ctl.log" 2>&1 || {
		step_abandon
		cat "$LOG/ctl.log" >&2
		die "the operator could not log in" "Was the password changed? It is expected in $MYNA_HOME/login"
	}
}

demo_vendor() { # ID NAME
	ctl_quiet vendor set "$1" --name "$2" --dialect openai \
		--base-url "http://127.0.0.1:$PORT_VENDORS/v1" --key-file "$MYNA_HOME/vendors/$1.key"
	ctl_quiet contract apply -f "$MYNA_ROOT/server/demo/$1-2026.yaml"
}

# Vendors that no robot calls: what they cost is known all the same.
demo_paper_vendor() { # ID NAME CONTRACT
	ctl_quiet vendor set "$1" --name "$2" --dialect openai --base-url "https://$1.example/v1"
	ctl_quiet contract apply -f "$MYNA_ROOT/server/demo/$3.yaml"
}

set_up_company() {
	log_in
	[ -s "$MYNA_HOME/company" ] && return 0
	demo_vendor dahan Dahan
	demo_vendor erxian Erxian
	demo_paper_vendor changhe Changhe changhe-2024
	demo_paper_vendor yingshi Yingshi yingshi-2026
	ctl_quiet vendor usage yingshi "$MYNA_ROOT/server/demo/yingshi-usage.json"
	ctl_quiet group set desk --name "On a desk" --priority 100
	ctl_quiet group set kitchen --name "In a kitchen" --priority 110
	ctl_quiet config set fleet \
		'routes=[{"vendor":"dahan","model":"dahan-chat","contract":"dahan-2026"},{"vendor":"erxian","model":"erxian-mini","contract":"erxian-2026"},{"vendor":"dahan","model":"dahan-ear","contract":"dahan-2026","use":"transcription"}]' \
		'persona="You are a friendly desk robot. Answer in two or three short sentences."' \
		'volume=70'
	printf '%s\n' "$MYNA_PORT_BASE" >"$MYNA_HOME/company"
}

claim_code() { # USES GROUP
	ctl claim create --uses "$1" --group "$2" --expires-in 86400 --json | sed -n 's/.*"code" *: *"\([^"]*\)".*/\1/p'
}

robot_options() {
	cat <<-CONF
		state_dir = $MYNA_HOME/agent
		socket = $ROBOT_SOCKET
		media_dir = $MYNA_HOME/agent/media
		voice = $BIN/agent/voice/myna-voice
		wake = $BIN/agent/ear/myna-wake
		vendor_voice = $BIN/agent/voice/myna-voice-http
		avatars = $MYNA_ROOT/agent/face/packs
	CONF
}

robot_answers() {
	"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" status
}

robot_start() {
	mkdir -p "$MYNA_HOME/agent"
	ROBOT_SOCKET=$MYNA_HOME/agent/agent.sock
	if [ ${#ROBOT_SOCKET} -gt 107 ]; then
		closed_folder "$SHORT-robot" "$(id -un)"
		ROBOT_SOCKET=$SHORT-robot/agent.sock
	fi
	robot_options | put_config "$MYNA_HOME/myna-agent.conf" myna-agent
	if [ ! -f "$MYNA_HOME/agent/enrolled" ]; then
		# by the environment: anybody may read a command line
		MYNA_AGENT_CLAIM=$(claim_code 1 desk) \
			"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" enrol \
			--url "https://127.0.0.1:$PORT_ENROL" --device-id "$ROBOT" \
			>>"$LOG/myna-agent.log" 2>&1 ||
			die "the robot could not be enrolled: $(because "$LOG/myna-agent.log")" "$(cure "$LOG/myna-agent.log")"
		: >"$MYNA_HOME/agent/enrolled"
	fi
	running myna-agent || start myna-agent "$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf"
	must_start myna-agent 20 robot_answers
}

robots_start() { # COUNT
	if running myna-robots; then
		[ "$(cat "$MYNA_HOME/robots/asked" 2>/dev/null)" = "$1 $TALK_RATE" ] && return 0
		stop myna-robots
	fi
	mkdir -p "$MYNA_HOME/robots"
	printf '%s\n' "$1 $TALK_RATE" >"$MYNA_HOME/robots/asked"
	[ "$1" -gt 0 ] || return 0
	# a code for those that are new, and none when all were here before
	new=$(($1 - $(find "$MYNA_HOME/robots" -mindepth 2 -maxdepth 2 -name device.json | wc -l)))
	if [ "$new" -gt 0 ]; then
		MYNA_ROBOTS_CLAIM=$(claim_code "$new" kitchen)
		export MYNA_ROBOTS_CLAIM
	fi
	start myna-robots "$BIN/tests/robots/myna-robots" --robots "$1" \
		--state-dir "$MYNA_HOME/robots" --enrol-url "https://127.0.0.1:$PORT_ENROL" \
		--talk-rate "$TALK_RATE"
	unset MYNA_ROBOTS_CLAIM
	must_start myna-robots 10 running myna-robots
}

first_sentence() {
	[ -f "$MYNA_HOME/spoken" ] && return 0
	"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" ask \
		"Hello! Say something nice." >"$LOG/first-sentence.log" 2>&1 ||
		die "the robot did not answer: $(because "$LOG/first-sentence.log")" "Its log is $LOG/myna-agent.log"
	: >"$MYNA_HOME/spoken"
}

robot_is_current() {
	ctl device get "$ROBOT" --json | tr -d ' \n' | awk '
		match($0, /"desired_generation":[0-9]+/) { desired = substr($0, RSTART + 21, RLENGTH - 21) }
		match($0, /"reported_generation":[0-9]+/) { running = substr($0, RSTART + 22, RLENGTH - 22) }
		END { exit !(desired != "" && desired == running) }'
}

# The demo's vendors again, after an own endpoint.
demo_routes() {
	[ -f "$MYNA_HOME/own.yaml" ] || return 0
	ctl_quiet config unset "device:$ROBOT" routes
	rm -f "$MYNA_HOME/own.yaml"
}

# The full robot's own endpoint, instead of the demo's.
own_vendor() {
	# shellcheck disable=SC2086 # no key: no option
	printf '%s\n' "${MYNA_VENDOR_KEY:-}" |
		ctl_quiet vendor set own --name "Own endpoint" --dialect "$DIALECT" --base-url "$VENDOR_URL" \
			${MYNA_VENDOR_KEY:+--key-file -}
	cat >"$MYNA_HOME/own.yaml" <<-DOC
		contract: own
		vendor: own
		currency: $CURRENCY
		zone: UTC
		term: {from: 2020-01-01, to: 2100-01-01}
		charges:
		  - {kind: unit, metric: input_uncached, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: input_cached, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: cache_write_5m, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: cache_write_1h, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: output, per: month, price: "$PRICE_OUTPUT", unit: 1000000}
		  - {kind: unit, metric: reasoning, per: month, price: "$PRICE_OUTPUT", unit: 1000000}
	DOC
	ctl_quiet contract apply -f "$MYNA_HOME/own.yaml"
	ctl_quiet config set "device:$ROBOT" \
		"routes=[{\"vendor\":\"own\",\"model\":\"$VENDOR_MODEL\",\"contract\":\"own\"}]"
	wait_until 10 robot_is_current ||
		die "the robot did not take its new route" "See ./myna ctl device effective $ROBOT"
	rm -f "$MYNA_HOME/spoken" # the endpoint is tried at once, whatever spoke before
}

# --- commands -----------------------------------------------------------------------------------

no_words() { # COMMAND WORDS...
	[ $# -le 1 ] || die "$1 does not know '$2'" "See ./myna help"
}

is_price() {
	printf '%s\n' "$1" | grep -qxE '[0-9]{1,9}(\.[0-9]{1,6})?'
}

up_options() {
	# a fleet that was up keeps its size
	ROBOTS=200 TALK_RATE=0.5
	[ ! -f "$MYNA_HOME/robots/asked" ] || read -r ROBOTS TALK_RATE <"$MYNA_HOME/robots/asked"
	BROKERS=1
	[ ! -f "$MYNA_HOME/brokers" ] || read -r BROKERS <"$MYNA_HOME/brokers"
	BIND=127.0.0.1 DETACH='' VENDOR_URL='' VENDOR_MODEL='' DIALECT=''
	PRICE_INPUT=0 PRICE_OUTPUT=0 CURRENCY=USD
	while [ $# -gt 0 ]; do
		case $1 in
		--detach) DETACH=yes ;;
		--robots | --talk-rate | --brokers | --port | --bind | --vendor | --model | --dialect | --price-input | --price-output | --currency)
			[ $# -ge 2 ] || die "$1 needs a value" "See ./myna help"
			case $1 in
			--robots) ROBOTS=$2 ;;
			--talk-rate) TALK_RATE=$2 ;;
			--brokers) BROKERS=$2 ;;
			--port) PORT_HTTP=$2 ;;
			--bind) BIND=$2 ;;
			--vendor) VENDOR_URL=$2 ;;
			--model) VENDOR_MODEL=$2 ;;
			--dialect) DIALECT=$2 ;;
			--price-input) PRICE_INPUT=$2 ;;
			--price-output) PRICE_OUTPUT=$2 ;;
			--currency) CURRENCY=$2 ;;
			esac
			shift
			;;
		*) die "up does not know '$1'" "See ./myna help" ;;
		esac
		shift
	done
	check_options
}

check_options() {
	is_number "$ROBOTS" 0 20000 || die "--robots takes a number up to 20000, not '$ROBOTS'" "Example: ./myna up --robots 50"
	is_price "$TALK_RATE" || die "--talk-rate takes turns a minute, not '$TALK_RATE'" "Example: ./myna up --talk-rate 0.5"
	is_number "$BROKERS" 1 3 || die "--brokers takes a number from 1 to 3, not '$BROKERS'" "Example: ./myna up --brokers 2"
	is_number "$PORT_HTTP" 1 65535 || die "--port takes a number from 1 to 65535, not '$PORT_HTTP'" "Example: ./myna up --port 18080"
	printf '%s\n' "$BIND" | grep -qxE '([0-9]{1,3}\.){3}[0-9]{1,3}' ||
		die "--bind takes an IPv4 address of this machine, not '$BIND'" "0.0.0.0 means all of them"
	if [ -z "$VENDOR_URL" ]; then
		[ -z "$VENDOR_MODEL$DIALECT" ] || die "--model and --dialect need --vendor" "Example: ./myna up --vendor https://api.example.com/v1 --model some-model"
		return 0
	fi
	DIALECT=${DIALECT:-openai}
	printf '%s\n' "$DIALECT" | grep -qxE '[a-z0-9-]{1,24}' ||
		die "'$DIALECT' is no dialect" "./myna ctl vendor dialects lists them, of a fleet that is up"
	case $VENDOR_URL in
	http://?* | https://?*) ;;
	*) die "--vendor takes an address, not '$VENDOR_URL'" "Example: --vendor https://api.example.com/v1" ;;
	esac
	printf '%s\n' "$VENDOR_MODEL" | grep -qxE '[A-Za-z0-9._:/@+-]+' ||
		die "--vendor needs --model and a name" "Example: ./myna up --vendor https://api.example.com/v1 --model some-model"
	case $DIALECT in
	ollama | llama-cpp | vllm) needs_key='' ;; # one's own machines may ask for none
	*) needs_key=yes ;;
	esac
	[ -z "$needs_key" ] || [ -n "${MYNA_VENDOR_KEY:-}" ] ||
		die "the vendor's key is missing" "Put it into the environment: MYNA_VENDOR_KEY=... ./myna up --vendor $VENDOR_URL --model $VENDOR_MODEL"
	for price in "$PRICE_INPUT" "$PRICE_OUTPUT"; do
		is_price "$price" || die "'$price' is no price per million tokens" "Example: --price-input 0.15 --price-output 0.60"
	done
	printf '%s\n' "$CURRENCY" | grep -qxE '[A-Z]{3}' || die "--currency takes three capitals, not '$CURRENCY'" "Example: --currency EUR"
}

# A fleet is bound to its ports: the robots have learned them.
check_ports() {
	if [ -s "$MYNA_HOME/company" ]; then
		read -r base <"$MYNA_HOME/company"
		[ "$base" = "$MYNA_PORT_BASE" ] ||
			die "the fleet in $MYNA_HOME has its ports from $base on, not $MYNA_PORT_BASE" \
				"Use MYNA_PORT_BASE=$base, or give the new fleet a folder of its own by MYNA_HOME"
	fi
	if ! running mynad || [ "$(cat "$MYNA_HOME/port" 2>/dev/null)" != "$PORT_HTTP" ]; then
		need_free_port "$PORT_HTTP" mynad
	fi
	need_port "$PORT_ENROL" mynad
	for number in $(seq "$BROKERS"); do
		need_port "$(broker_port "$number" robots)" "$(broker_name "$number")"
		need_port "$(broker_port "$number" servers)" "$(broker_name "$number")"
	done
	need_port "$PORT_VENDORS" myna-vendors
}

# A bring-up that fails or is interrupted leaves nothing of its own running.
undo() {
	status=$?
	trap - EXIT INT TERM HUP
	if [ "$status" != 0 ] && [ -n "$STARTED" ]; then
		for name in $STARTED; do
			case $name in
			postgresql) pg_is_up && pg_stop ;;
			*) stop "$name" ;;
			esac
		done
		printf 'myna: what this run had started is stopped again.\n' >&2
	fi
	exit "$status"
}

stack_up() {
	up_options "$@"
	prepare_home
	take_lock
	UP_START=$(now_ms)
	install_packages run
	pg_place
	# a new cluster with its log takes a third of that
	need_disk "$MYNA_HOME" "$([ -d "$PG/data" ] && echo 100 || echo 300)"
	check_ports
	[ -n "${MYNA_BUILD:-}" ] || build_release
	trap undo EXIT
	trap 'exit 130' INT TERM HUP
	for part in $PARTS; do
		stop_replaced "$part"
	done
	printf '%s\n' "$BIND" >"$MYNA_HOME/bind"
	printf '%s\n' "$BROKERS" >"$MYNA_HOME/brokers"
	printf '%s\n' "$PORT_HTTP" >"$MYNA_HOME/port"
	bring_up
	trap - EXIT INT TERM HUP
	drop_lock
	welcome
	[ -n "$DETACH" ] || stay
}

bring_up() {
	step "database"
	pg_start
	pg_make_database
	step_done "$PG"
	step "keys, certificates, schema"
	prepare_server
	step_done "$MYNA_HOME/server"
	step "broker"
	for number in $(seq "$BROKERS"); do
		broker_start "$number"
	done
	step_done "mosquitto, mutual TLS, robots at $(each_broker robots), servers at $(each_broker servers)"
	step "demo vendors"
	vendors_start
	step_done "http://127.0.0.1:$PORT_VENDORS/v1"
	step "server"
	server_start
	step_done "$(server_url)"
	step "vendors, contracts, groups, first settings"
	set_up_company
	step_done
	step "the full robot"
	robot_start
	step_done "$ROBOT"
	if [ -n "$VENDOR_URL" ]; then
		step "its own endpoint"
		own_vendor
		step_done "$VENDOR_URL"
	else
		demo_routes
	fi
	step "$ROBOTS simulated robots"
	robots_start "$ROBOTS"
	step_done "they enrol by themselves in the next seconds"
	step "a robot speaks its first sentence"
	first_sentence
	step_done
	for part in $STARTED; do
		[ "$part" = postgresql ] || running "$part" || die "$part has stopped again" "$(cure "$LOG/$part.log")"
	done
}

welcome() {
	printf '\nMyna is up after %s s' "$(seconds $(($(now_ms) - UP_START - APT_MS)))"
	[ "$APT_MS" = 0 ] || printf ', and %s s of apt' "$(seconds "$APT_MS")"
	printf '.\n\n  dashboard   %s\n' "$(server_url)"
	if [ "$BIND" = 127.0.0.1 ]; then
		printf '              from elsewhere: ssh -L %s:127.0.0.1:%s %s\n' "$PORT_HTTP" "$PORT_HTTP" "$(hostname)"
	else
		printf '              the browser will ask about its certificate, which has the SHA-256 fingerprint\n'
		printf '              %s\n' "$(openssl x509 -in "$HTTPS.pem" -noout -fingerprint -sha256 | cut -d = -f 2)"
	fi
	printf '  operator    admin, password %s (also in %s)\n' "$(login_password "$MYNA_HOME/login")" "$MYNA_HOME/login"
	cat <<-TEXT

		Three things to try:
		  ./myna say "What should I read tonight?"
		  ./myna ctl config set fleet volume=40        every robot obeys; watch the Fleet page
		  ./myna ctl usage                              what that cost, by vendor and model

	TEXT
	[ -z "$DETACH" ] || printf 'Stop it with ./myna down\n'
}

# In the foreground: until Ctrl-C, and then everything stops.
stay() {
	printf 'Ctrl-C stops everything.\n'
	trap 'printf "\n"; stack_down; exit 0' INT TERM HUP
	while running mynad; do
		sleep 1
	done
	# "./myna down" from elsewhere takes the pid with it
	wait_until 15 test ! -e "$RUN/mynad.pid" && exit 0
	die "the server stopped" "Its log is $LOG/mynad.log; ./myna down stops the rest"
}

stack_down() {
	no_words down "$@"
	if [ ! -d "$MYNA_HOME" ]; then
		printf 'nothing runs: there is no fleet in %s\n' "$MYNA_HOME"
		return 0
	fi
	prepare_home
	take_lock
	pg_place
	stopped=''
	for part in $(printf '%s\n' "$PARTS" | tr ' ' '\n' | tac); do
		if running "$part"; then
			step "stopping $part"
			stop "$part"
			step_done
			stopped=yes
		fi
	done
	if pg_is_up; then
		step "stopping the database"
		pg_stop
		step_done
		stopped=yes
	fi
	rm -rf "$SHORT-robot"
	[ -n "$stopped" ] || printf 'nothing was running\n'
	drop_lock
}

need_up() {
	running mynad || die "the fleet is not up" "Start it with ./myna up"
}

stack_say() {
	[ $# -gt 0 ] || die "say needs the question" 'Example: ./myna say "How are you?"'
	running myna-agent || die "the full robot does not run" "Start the fleet with ./myna up"
	if [ "$1" = --wav ]; then
		[ $# -eq 2 ] || die "say --wav needs one file" "Example: ./myna say --wav question.wav"
		exec "$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" hear "$2"
	fi
	exec "$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" ask "$*"
}

stack_ctl() {
	need_up
	MYNACTL_CONFIG=$MYNA_HOME/ctl.json exec "$BIN/mynactl" "$@"
}

stack_status() {
	no_words status "$@"
	pg_place
	brokers=1
	[ ! -f "$MYNA_HOME/brokers" ] || read -r brokers <"$MYNA_HOME/brokers"
	for part in $PARTS; do
		case $part in
		mosquitto-*) [ "${part#mosquitto-}" -le "$brokers" ] || continue ;;
		esac
		if pid=$(pid_of "$part"); then
			printf '  %-14s runs, pid %-8s %s\n' "$part" "$pid" "$LOG/$part.log"
		else
			printf '  %-14s stopped\n' "$part"
		fi
	done
	if pg_is_up; then
		printf '  %-14s runs               %s\n' postgresql "$PG/server.log"
	else
		printf '  %-14s stopped\n' postgresql
	fi
}
