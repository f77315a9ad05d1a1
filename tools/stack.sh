# shellcheck shell=sh
# stack.sh - the demo fleet on this machine: up, down, say, ctl, status.
#
# Every program runs in the background with its pid in $MYNA_HOME/run and its output in
# $MYNA_HOME/log. A pid counts as ours only while that process still runs the same program.

# Tests run the same fleet from another build.
BIN=${MYNA_BUILD:-$MYNA_ROOT/.build/release}
RUN=$MYNA_HOME/run
LOG=$MYNA_HOME/log
PG_BIN=/usr/lib/postgresql/15/bin

PORT_HTTP=$MYNA_PORT_BASE
PORT_ENROL=$((MYNA_PORT_BASE + 1))
PORT_ROBOTS=$((MYNA_PORT_BASE + 2))
PORT_SERVERS=$((MYNA_PORT_BASE + 3))
PORT_VENDORS=$((MYNA_PORT_BASE + 4))
ROBOT=myna-1

# --- processes ---------------------------------------------------------------------------------

pid_of() { # NAME: prints the pid when it runs
	[ -r "$RUN/$1.pid" ] || return 1
	read -r pid program <"$RUN/$1.pid" || return 1
	exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
	# a program built anew while it runs is still the one that we started
	[ "${exe% (deleted)}" = "$program" ] || return 1
	printf '%s\n' "$pid"
}

running() {
	pid_of "$1" >/dev/null
}

# start NAME PROGRAM ARGUMENTS...
start() {
	name=$1
	program=$2
	shift 2
	setsid "$program" "$@" </dev/null >>"$LOG/$name.log" 2>&1 &
	printf '%s %s\n' "$!" "$(readlink -f "$program")" >"$RUN/$name.pid"
}

stop() { # NAME
	if pid=$(pid_of "$1"); then
		kill "$pid" 2>/dev/null || true
		wait_until 10 gone "$1" || kill -9 "$pid" 2>/dev/null || true
	fi
	rm -f "$RUN/$1.pid"
}

gone() {
	! running "$1"
}

# must_start NAME SECONDS CHECK...: waits for the check; a program that died says why.
must_start() {
	name=$1
	limit=$(($2 * 10))
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		limit=$((limit - 1))
		if ! running "$name" || [ "$limit" -le 0 ]; then
			step_abandon
			tail -n 3 "$LOG/$name.log" >&2
			stop "$name"
			die "$name did not start" "Its log is $LOG/$name.log"
		fi
		sleep 0.1
	done
}

need_port() { # PORT NAME
	running "$2" && return 0
	! port_taken "$1" ||
		die "port $1, wanted for $2, is taken by another program" \
			"Stop that program or choose other ports: MYNA_PORT_BASE=$((MYNA_PORT_BASE + 1000)) ./myna up"
}

# --- PostgreSQL --------------------------------------------------------------------------------

# PostgreSQL refuses root, so then it runs as Debian's user postgres; that user must be able to
# reach its folder, which it cannot below a closed home such as /root.
pg_place() {
	PG_USER=$(id -un)
	PG=$MYNA_HOME/pg
	if [ "$(id -u)" = 0 ]; then
		PG_USER=postgres
		mkdir -p "$MYNA_HOME"
		if ! runuser -u postgres -- test -x "$MYNA_HOME"; then
			PG=/var/lib/myna-demo/$(printf '%s' "$MYNA_HOME" | cksum | cut -d ' ' -f 1)
		fi
	fi
	PG_SOCKET=$PG/run
	# a socket's path is limited to 107 bytes
	[ ${#PG_SOCKET} -le 80 ] || PG_SOCKET=/tmp/myna-pg-$(printf '%s' "$PG" | cksum | cut -d ' ' -f 1)
	DATABASE="host=$PG_SOCKET user=myna dbname=myna"
}

as_pg() {
	if [ "$PG_USER" = "$(id -un)" ]; then
		"$@"
	else
		(cd / && runuser -u "$PG_USER" -- "$@")
	fi
}

pg_run() {
	as_pg "$PG_BIN/pg_ctl" -s -D "$PG/data" "$@"
}

pg_answers() {
	"$PG_BIN/pg_isready" -q -h "$PG_SOCKET"
}

pg_start() {
	pg_answers && return 0
	mkdir -p "$PG" "$PG_SOCKET"
	chmod 700 "$PG" "$PG_SOCKET"
	[ "$PG_USER" = "$(id -un)" ] || chown "$PG_USER" "$PG" "$PG_SOCKET"
	if [ ! -f "$PG/data/PG_VERSION" ]; then
		rm -rf "$PG/data"
		as_pg "$PG_BIN/initdb" -D "$PG/data" -U myna -E UTF8 --locale=C -A trust >>"$LOG/postgresql.log" 2>&1 ||
			die "the database cluster could not be made" "See $LOG/postgresql.log"
		# trust is safe here: the socket's folder is closed to everybody but its owner
		cat <<-CONF | as_pg tee -a "$PG/data/postgresql.conf" >/dev/null
			listen_addresses = ''
			unix_socket_directories = '$PG_SOCKET'
			shared_buffers = 128MB
			max_connections = 60
			jit = off
		CONF
	fi
	pg_run -w -t 30 -l "$PG/server.log" start ||
		die "PostgreSQL did not start" "See $PG/server.log"
}

pg_make_database() {
	"$PG_BIN/psql" -h "$PG_SOCKET" -U myna -d postgres -Atqc \
		"SELECT 1 FROM pg_database WHERE datname = 'myna'" | grep -q 1 ||
		"$PG_BIN/createdb" -h "$PG_SOCKET" -U myna myna
}

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
		broker = 127.0.0.1:$PORT_SERVERS
		robot_broker = 127.0.0.1:$PORT_ROBOTS
		demo_media = $MYNA_HOME/agent/media
	CONF
	if [ "$BIND" != 127.0.0.1 ]; then
		printf 'tls_cert = %s\ntls_key = %s\n' "$MYNA_HOME/server/https.pem" "$MYNA_HOME/server/https.key"
	fi
}

# A dashboard that is reachable from elsewhere speaks TLS only: with a certificate of the user's
# choice in place of this self-signed one.
make_https_certificate() {
	[ "$BIND" != 127.0.0.1 ] && [ ! -f "$MYNA_HOME/server/https.pem" ] || return 0
	(umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
		-subj "/CN=$BIND" -addext "subjectAltName=IP:$BIND" \
		-keyout "$MYNA_HOME/server/https.key" -out "$MYNA_HOME/server/https.pem" 2>>"$LOG/install.log") ||
		die "no certificate could be made for $BIND" "--bind takes an IP address of this machine"
}

mynad_do() {
	"$BIN/mynad" --config "$MYNA_HOME/mynad.conf" "$@"
}

prepare_server() {
	server_options >"$MYNA_HOME/mynad.conf"
	mynad_do init >>"$LOG/mynad.log" 2>&1 ||
		die "the keys could not be made" "See $LOG/mynad.log"
	make_https_certificate
	mynad_do migrate >>"$LOG/mynad.log" 2>&1 ||
		die "the database could not be brought to this version" "See $LOG/mynad.log"
	if [ ! -f "$MYNA_HOME/login" ]; then
		(umask 077 && printf 'name: admin\npassword: %s\n' "$(random_word 20)" >"$MYNA_HOME/login.new")
		login_password "$MYNA_HOME/login.new" | mynad_do operator admin --role admin >>"$LOG/mynad.log" 2>&1 ||
			die "the operator could not be made" "See $LOG/mynad.log"
		mv "$MYNA_HOME/login.new" "$MYNA_HOME/login"
	fi
}

login_password() { # FILE
	sed -n 's/^password: //p' "$1"
}

broker_start() {
	running mosquitto && return 0
	mkdir -p "$MYNA_HOME/broker"
	sed -e "s|@STATE@|$MYNA_HOME/server|g" -e "s|@BIND@|127.0.0.1|g" \
		-e "s|@ROBOTS_PORT@|$PORT_ROBOTS|g" -e "s|@SERVERS_PORT@|$PORT_SERVERS|g" \
		-e "s|@PLUGIN@|$BIN/server/broker/myna_broker.so|g" \
		-e "s|@ACL@|$MYNA_ROOT/server/broker/acl|g" -e "s|@USER@|$(id -un)|g" \
		"$MYNA_ROOT/server/broker/mosquitto.conf.in" >"$MYNA_HOME/broker/mosquitto.conf"
	start mosquitto /usr/sbin/mosquitto -c "$MYNA_HOME/broker/mosquitto.conf"
	must_start mosquitto 10 port_taken "$PORT_SERVERS"
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
		--keys "$MYNA_HOME/vendors/keys" --ledger "$MYNA_HOME/vendors/ledger.jsonl" \
		--sentences /usr/share/games/fortunes
	must_start myna-vendors 10 port_taken "$PORT_VENDORS"
}

server_url() {
	if [ "$BIND" = 127.0.0.1 ]; then
		printf 'http://127.0.0.1:%s' "$PORT_HTTP"
	else
		printf 'https://%s:%s' "$BIND" "$PORT_HTTP"
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
	tls=''
	[ "$BIND" = 127.0.0.1 ] || tls="--ca $MYNA_HOME/server/https.pem"
	# shellcheck disable=SC2086 # two words or none
	login_password "$MYNA_HOME/login" |
		ctl login --url "$(server_url)" --name admin $tls >"$LOG/ctl.log" 2>&1 || {
		step_abandon
		cat "$LOG/ctl.log" >&2
		die "the operator could not log in" "Was the password changed? It is expected in $MYNA_HOME/login"
	}
}

demo_vendor() { # ID NAME
	ctl_quiet vendor set "$1" --name "$2" --dialect openai \
		--base-url "http://127.0.0.1:$PORT_VENDORS/v1" --key-file "$MYNA_HOME/vendors/$1.key"
	ctl_quiet contract apply -f "$MYNA_ROOT/tools/demo/$1-2026.yaml"
}

set_up_company() {
	log_in
	[ -f "$MYNA_HOME/company" ] && return 0
	demo_vendor dahan Dahan
	demo_vendor erxian Erxian
	ctl_quiet group set desk --name "On a desk" --priority 100
	ctl_quiet group set kitchen --name "In a kitchen" --priority 110
	ctl_quiet config set fleet \
		'routes=[{"vendor":"dahan","model":"dahan-chat","contract":"dahan-2026"},{"vendor":"erxian","model":"erxian-mini","contract":"erxian-2026"}]' \
		'persona="You are a friendly desk robot. Answer in two or three short sentences."' \
		'volume=70'
	: >"$MYNA_HOME/company"
}

claim_code() { # USES GROUP
	ctl claim create --uses "$1" --group "$2" --expires-in 86400 --json | sed -n 's/.*"code" *: *"\([^"]*\)".*/\1/p'
}

robot_options() {
	cat <<-CONF
		state_dir = $MYNA_HOME/agent
		socket = $MYNA_HOME/agent/agent.sock
		media_dir = $MYNA_HOME/agent/media
		voice = $BIN/agent/voice/myna-voice
	CONF
}

robot_answers() {
	"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" status
}

robot_start() {
	mkdir -p "$MYNA_HOME/agent"
	robot_options >"$MYNA_HOME/myna-agent.conf"
	if [ ! -f "$MYNA_HOME/agent/enrolled" ]; then
		"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" enrol \
			--url "https://127.0.0.1:$PORT_ENROL" --claim "$(claim_code 1 desk)" --device-id "$ROBOT" \
			>>"$LOG/myna-agent.log" 2>&1 ||
			die "the robot could not be enrolled" "See $LOG/myna-agent.log"
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
	[ "$1" -gt 0 ] || return 0
	mkdir -p "$MYNA_HOME/robots"
	printf '%s\n' "$1 $TALK_RATE" >"$MYNA_HOME/robots/asked"
	start myna-robots "$BIN/tests/robots/myna-robots" --robots "$1" \
		--state-dir "$MYNA_HOME/robots" --enrol-url "https://127.0.0.1:$PORT_ENROL" \
		--claim "$(claim_code "$1" kitchen)" --talk-rate "$TALK_RATE"
	must_start myna-robots 10 running myna-robots
}

first_sentence() {
	[ -f "$MYNA_HOME/spoken" ] && return 0
	"$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" ask \
		"Hello! Say something nice." >"$LOG/first-sentence.log" 2>&1 ||
		die "the robot did not answer" "See $LOG/first-sentence.log and $LOG/myna-agent.log"
	: >"$MYNA_HOME/spoken"
}

# The full robot's own endpoint, instead of the demo's.
own_vendor() {
	[ -n "${MYNA_VENDOR_KEY:-}" ] ||
		die "the vendor's key is missing" "Put it into the environment: MYNA_VENDOR_KEY=... ./myna up --vendor $VENDOR_URL ..."
	(umask 077 && printf '%s' "$MYNA_VENDOR_KEY" >"$MYNA_HOME/own.key")
	ctl_quiet vendor set own --name "Own endpoint" --dialect openai --base-url "$VENDOR_URL" \
		--key-file "$MYNA_HOME/own.key"
	rm -f "$MYNA_HOME/own.key"
	cat >"$MYNA_HOME/own.yaml" <<-DOC
		contract: own
		vendor: own
		currency: $CURRENCY
		zone: UTC
		term: {from: 2020-01-01, to: 2100-01-01}
		charges:
		  - {kind: unit, metric: input_uncached, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: input_cached, per: month, price: "$PRICE_INPUT", unit: 1000000}
		  - {kind: unit, metric: output, per: month, price: "$PRICE_OUTPUT", unit: 1000000}
	DOC
	ctl_quiet contract apply -f "$MYNA_HOME/own.yaml"
	ctl_quiet config set "device:$ROBOT" \
		"routes=[{\"vendor\":\"own\",\"model\":\"$VENDOR_MODEL\",\"contract\":\"own\"}]"
}

# --- commands -----------------------------------------------------------------------------------

up_options() {
	ROBOTS=200 TALK_RATE=0.5 BIND=127.0.0.1 DETACH='' VENDOR_URL='' VENDOR_MODEL=''
	PRICE_INPUT=0 PRICE_OUTPUT=0 CURRENCY=USD
	while [ $# -gt 0 ]; do
		case $1 in
		--detach) DETACH=yes ;;
		--robots | --talk-rate | --port | --bind | --vendor | --model | --price-input | --price-output | --currency)
			[ $# -ge 2 ] || die "$1 needs a value" "See ./myna help"
			case $1 in
			--robots) ROBOTS=$2 ;;
			--talk-rate) TALK_RATE=$2 ;;
			--port) PORT_HTTP=$2 ;;
			--bind) BIND=$2 ;;
			--vendor) VENDOR_URL=$2 ;;
			--model) VENDOR_MODEL=$2 ;;
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
	case $ROBOTS$PORT_HTTP in
	*[!0-9]*) die "--robots and --port take whole numbers" "Example: ./myna up --robots 50 --port 18080" ;;
	esac
	[ -z "$VENDOR_URL" ] || [ -n "$VENDOR_MODEL" ] ||
		die "--vendor needs --model" "Example: ./myna up --vendor https://api.example.com/v1 --model some-model"
}

stack_up() {
	up_options "$@"
	mkdir -p "$MYNA_HOME" "$RUN" "$LOG" || exit 1
	# root: the database's own user passes through; what is secret below is closed by itself
	chmod "$([ "$(id -u)" = 0 ] && echo 711 || echo 700)" "$MYNA_HOME"
	UP_START=$(now_ms)
	install_packages run
	pg_place
	need_disk "$MYNA_HOME" 300
	need_port "$PORT_HTTP" mynad
	need_port "$PORT_ENROL" mynad
	need_port "$PORT_ROBOTS" mosquitto
	need_port "$PORT_SERVERS" mosquitto
	need_port "$PORT_VENDORS" myna-vendors
	[ -n "${MYNA_BUILD:-}" ] || build_release
	printf '%s\n' "$BIND" >"$MYNA_HOME/bind"
	printf '%s\n' "$PORT_HTTP" >"$MYNA_HOME/port"

	step "database"
	pg_start
	pg_make_database
	step_done "$PG"
	step "keys, certificates, schema"
	prepare_server
	step_done "$MYNA_HOME/server"
	step "broker"
	broker_start
	step_done "mosquitto, mutual TLS, ports $PORT_ROBOTS and $PORT_SERVERS"
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
	fi
	step "$ROBOTS simulated robots"
	robots_start "$ROBOTS"
	step_done
	step "a robot speaks its first sentence"
	first_sentence
	step_done
	welcome
	[ -n "$DETACH" ] || stay
}

welcome() {
	printf '\nMyna is up after %s s.\n\n' "$(seconds $(($(now_ms) - UP_START)))"
	printf '  dashboard   %s\n' "$(server_url)"
	if [ "$BIND" = 127.0.0.1 ]; then
		printf '              from elsewhere: ssh -L %s:127.0.0.1:%s %s\n' "$PORT_HTTP" "$PORT_HTTP" "$(hostname)"
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
	trap 'printf "\n"; stack_down; exit 0' INT TERM
	while running mynad; do
		sleep 1
	done
	die "the server stopped" "Its log is $LOG/mynad.log; ./myna down stops the rest"
}

stack_down() {
	pg_place
	for part in myna-robots myna-agent mynad myna-vendors mosquitto; do
		if running "$part"; then
			step "stopping $part"
			stop "$part"
			step_done
		fi
	done
	if [ -x "$PG_BIN/pg_isready" ] && [ -d "$PG/data" ] && pg_answers; then
		step "stopping the database"
		pg_run -m fast -w stop || die "PostgreSQL did not stop" "See $PG/server.log"
		step_done
	fi
}

need_up() {
	running mynad || die "the fleet is not up" "Start it with ./myna up"
	BIND=$(cat "$MYNA_HOME/bind")
	PORT_HTTP=$(cat "$MYNA_HOME/port")
}

stack_say() {
	[ $# -gt 0 ] || die "say needs the question" 'Example: ./myna say "How are you?"'
	running myna-agent || die "the full robot does not run" "Start the fleet with ./myna up"
	exec "$BIN/myna-agent" --config "$MYNA_HOME/myna-agent.conf" ask "$*"
}

stack_ctl() {
	need_up
	MYNACTL_CONFIG=$MYNA_HOME/ctl.json exec "$BIN/mynactl" "$@"
}

stack_status() {
	pg_place
	for part in mosquitto myna-vendors mynad myna-agent myna-robots; do
		if pid=$(pid_of "$part"); then
			printf '  %-14s runs, pid %-8s %s\n' "$part" "$pid" "$LOG/$part.log"
		else
			printf '  %-14s stopped\n' "$part"
		fi
	done
	if pg_answers 2>/dev/null; then
		printf '  %-14s runs               %s\n' postgresql "$PG/server.log"
	else
		printf '  %-14s stopped\n' postgresql
	fi
}
