# shellcheck shell=sh
# common.sh - how ./myna speaks: steps with their time, one clear line when something is wrong.

now_ms() {
	date +%s%3N
}

seconds() { # MILLISECONDS -> "12.3"
	awk -v ms="$1" 'BEGIN { printf "%.1f", ms / 1000 }'
}

# die CAUSE CURE: one line, nothing half-done behind it.
die() {
	step_abandon
	printf 'myna: %s. %s\n' "$1" "${2:-}" >&2
	exit 1
}

STEP_NAME=''

step() { # NAME: begins a step on the screen
	STEP_NAME=$1
	STEP_START=$(now_ms)
	if [ -t 1 ]; then
		printf '  %-46s' "$1 ..."
	fi
}

step_done() { # [NOTE]
	took=$(seconds $(($(now_ms) - STEP_START)))
	if [ -t 1 ]; then
		printf '%7s s  %s\n' "$took" "${1:-}"
	else
		printf '  %-46s%7s s  %s\n' "$STEP_NAME" "$took" "${1:-}"
	fi
	STEP_NAME=''
}

step_abandon() {
	if [ -n "$STEP_NAME" ]; then
		if [ -t 1 ]; then
			printf 'failed\n'
		else
			printf '  %-46s failed\n' "$STEP_NAME"
		fi
		STEP_NAME=''
	fi
}

# watched LOG PROGRAM COMMAND...: runs the command with its output appended to the log. At a terminal
# the step's line tells meanwhile how far it is: what awk's program says of the log.
watched() {
	watched_log=$1 watched_program=$2
	shift 2
	watcher=''
	if [ -t 1 ]; then
		# ends with this shell: what runs behind one is deaf to Ctrl-C
		(while sleep 1 && kill -0 $$ 2>/dev/null; do
			printf '\r  %-46s%9s' "$STEP_NAME ..." "$(awk "$watched_program" "$watched_log")"
		done) &
		watcher=$!
	fi
	watched_status=0
	"$@" >>"$watched_log" 2>&1 </dev/null || watched_status=$?
	if [ -n "$watcher" ]; then
		kill "$watcher" 2>/dev/null || true
		wait "$watcher" 2>/dev/null || true
		printf '\r%57s\r  %-46s' '' "$STEP_NAME ..."
	fi
	return "$watched_status"
}

# wait_until SECONDS COMMAND...: polls until the command succeeds.
wait_until() {
	wait_end=$(($(now_ms) + $1 * 1000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt "$wait_end" ] || return 1
		sleep 0.1
	done
}

# port_taken PORT: whether something listens there; by the kernel's own table, so that no tool is
# needed.
port_taken() {
	hex=$(printf '%04X' "$1")
	awk -v port=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Its name goes into the configuration files of five programs, each with quotes of its own.
check_home() {
	case $MYNA_HOME in
	*["'\"\`\$\\|&;#*?!<>()[]{}%,"]* | *' ' | *'
'*)
		die "MYNA_HOME, $MYNA_HOME, holds a sign that configuration files give a meaning" \
			"Choose a folder named with letters, digits, blanks and . _ - + = @ :"
		;;
	esac
}

# The fleet's folder, its own and writable.
prepare_home() {
	why=$(mkdir -p "$MYNA_HOME/run" "$MYNA_HOME/log" 2>&1) ||
		die "$MYNA_HOME cannot be used: ${why##*: }" "Choose another folder: MYNA_HOME=/a/folder ./myna ..."
	owner=$(stat -c %U "$MYNA_HOME")
	[ "$owner" = "$(id -un)" ] ||
		die "$MYNA_HOME belongs to $owner, you are $(id -un)" "Run this as $owner, or choose another folder by MYNA_HOME"
	# root: the database's own user passes through; what is secret below is closed by itself
	chmod "$([ "$(id -u)" = 0 ] && echo 711 || echo 700)" "$MYNA_HOME"
}

need_disk() { # FOLDER MEGABYTES
	free_mib=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free_mib" -ge "$2" ] ||
		die "only $free_mib MiB are free at $1, $2 MiB are needed" \
			"Free some space, or point MYNA_HOME and the checkout at another disk"
}

random_word() { # CHARACTERS
	od -An -N64 -tx1 /dev/urandom | tr -d ' \n' | tr 'a-f' 'k-p' | cut -c "1-$1"
}
