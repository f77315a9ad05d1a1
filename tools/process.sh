# shellcheck shell=sh
# process.sh - the programs of a fleet: started in the background, known by pid, stopped.
#
# Every program has a line in $MYNA_HOME/run and its output in $MYNA_HOME/log. The line says which process it
# is, by pid and by when that began, and which file it runs. By /proc/PID/exe it could not be told: our
# programs let no other of their user look into them (schema/base/seclude.h).

RUN=$MYNA_HOME/run
LOG=$MYNA_HOME/log
STARTED='' # by this bring-up, the newest first

# birth_of PID: when the process began, in ticks of this very boot; fails when it has ended.
birth_of() {
	read -r stat 2>/dev/null <"/proc/$1/stat" && read -r boot </proc/sys/kernel/random/boot_id || return 1
	# shellcheck disable=SC2086 # words; what stands before them is its name, in brackets
	set -- ${stat##*) }
	case $1 in Z | X) return 1 ;; esac
	shift 19
	printf '%s@%s\n' "$1" "$boot"
}

file_of() { # PROGRAM: the file that stands there now, whatever its name
	stat -L -c %d:%i:%Y "$1" 2>/dev/null
}

pid_of() { # NAME: prints the pid when it runs
	[ -r "$RUN/$1.pid" ] || return 1
	read -r pid birth rest <"$RUN/$1.pid" || return 1
	case $birth in
	/*) # an older ./myna wrote the program there
		present=$(readlink "/proc/$pid/exe") || return 1
		present=${present% (deleted)}
		;;
	*) present=$(birth_of "$pid") || return 1 ;;
	esac
	[ "$present" = "$birth" ] || return 1
	printf '%s\n' "$pid"
}

running() {
	pid_of "$1" >/dev/null
}

gone() {
	! running "$1"
}

# stop_replaced NAME: a program that was built anew is stopped, so that the new one starts.
stop_replaced() {
	running "$1" || return 0
	read -r pid birth file program <"$RUN/$1.pid"
	[ "$(file_of "$program")" = "$file" ] || stop "$1"
}

# start NAME PROGRAM ARGUMENTS...
start() {
	name=$1
	program=$2
	shift 2
	# the lock of take_lock is not theirs
	setsid "$program" "$@" </dev/null >>"$LOG/$name.log" 2>&1 9>&- &
	pid=$!
	# one that has ended already has no birth, and counts as not running
	birth=$(birth_of "$pid") || birth=none
	program=$(readlink -f "$program")
	printf '%s %s %s %s\n' "$pid" "$birth" "$(file_of "$program")" "$program" >"$RUN/$name.pid"
	STARTED="$name $STARTED"
}

stop() { # NAME
	if pid=$(pid_of "$1"); then
		kill "$pid" 2>/dev/null || true
		wait_until 10 gone "$1" || kill -9 "$pid" 2>/dev/null || true
	fi
	rm -f "$RUN/$1.pid"
}

# must_start NAME SECONDS CHECK...: waits for the check; a program that died says why.
must_start() {
	name=$1
	start_end=$(($(now_ms) + $2 * 1000))
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		if ! running "$name" || [ "$(now_ms)" -ge "$start_end" ]; then
			die "$name did not start: $(because "$LOG/$name.log")" "$(cure "$LOG/$name.log")"
		fi
		sleep 0.1
	done
}

# because LOG: the program's own last words.
because() {
	words=$(tail -n 1 "$1" 2>/dev/null | sed -e 's/^[0-9TZ:.-]* [a-z]* \([a-z]*: .*\)/\1/' -e 's/^[a-z-]*: //' -e 's/\.$//')
	printf '%s' "${words:-it left no word}"
}

# cure LOG: what to do about a failure that the log tells of.
cure() {
	if tail -n 20 "$1" 2>/dev/null | grep -q 'No space left on device'; then
		printf 'The disk is full: free some space and run this again (log: %s)' "$1"
	else
		printf 'Its log is %s' "$1"
	fi
}

# put_config FILE NAME: the file's text comes by standard input; when it is another than before, the
# program NAME is stopped, to be started with it.
put_config() {
	cat >"$1.new" || die "$1 cannot be written" "Is the disk full?"
	if cmp -s "$1.new" "$1"; then
		rm "$1.new"
	else
		stop "$2"
		mv "$1.new" "$1"
	fi
}

need_port() { # PORT NAME: unless it runs, and then on that port
	running "$2" || need_free_port "$1" "$2"
}

need_free_port() { # PORT NAME
	port_taken "$1" || return 0
	if [ "$2" = mynad ] && [ "$1" != "$MYNA_PORT_BASE" ] && [ "$1" != "$PORT_ENROL" ]; then
		die "port $1, wanted for the dashboard, is taken by another program" "Stop that program or give another --port"
	fi
	if [ -s "$MYNA_HOME/company" ]; then
		die "port $1, wanted for $2, is taken by another program" \
			"Stop that program, or start another fleet beside it: MYNA_HOME=$MYNA_HOME-2 MYNA_PORT_BASE=$(free_base) ./myna up"
	fi
	die "port $1, wanted for $2, is taken by another program" \
		"Stop that program or choose other ports: MYNA_PORT_BASE=$(free_base) ./myna up"
}

# Prints the next base whose five ports are free.
free_base() {
	base=$MYNA_PORT_BASE
	while [ "$base" -lt 64000 ]; do
		base=$((base + 1000))
		taken=''
		for offset in 0 1 2 3 4; do
			port_taken $((base + offset)) && taken=yes
		done
		[ -n "$taken" ] || break
	done
	printf '%s' "$base"
}

# One up or down at a time for one MYNA_HOME; the second waits.
take_lock() {
	exec 9>"$MYNA_HOME/lock"
	flock -w 300 9 || die "another ./myna has been at work on $MYNA_HOME for five minutes" "Wait for it or end it"
}

drop_lock() {
	exec 9>&-
}
