# shellcheck shell=sh
# bench.sh - ./myna bench: each benchmark measures its limit in the same run and prints the ratio.

# A display and a sound server only where they are looked at and listened to, a browser only where pages
# are drawn.
bench_packages() { # NAMES...
	for name in "$@"; do
		case $name in
		av | face | soak | voice) echo bench ;;
		paint) echo browser ;;
		*) echo run ;;
		esac
	done | sort -u
}

run_bench() {
	json=''
	names=''
	minutes='' devices='' records=''
	while [ $# -gt 0 ]; do
		case $1 in
		--json) json=--json ;;
		--minutes)
			minutes=${2:-}
			case $minutes in
			'' | *[!0-9]* | 0*) die "--minutes needs a whole number" "./myna bench av --minutes 30" ;;
			esac
			shift
			;;
		--devices | --records)
			case ${2:-} in
			'' | *[!0-9]* | 0*) die "$1 needs a whole number" "./myna bench api --devices 100000 --records 50000000" ;;
			esac
			case $1 in
			--devices) devices=$2 ;;
			--records) records=$2 ;;
			esac
			shift
			;;
		-*) die "bench does not know '$1'" "./myna bench [NAME...] [--json] [--minutes N] [--devices N --records N]" ;;
		*) names="$names $1" ;;
		esac
		shift
	done
	if [ -z "$names" ]; then
		for script in "$MYNA_ROOT"/tests/bench/*.bench; do
			names="$names $(basename "$script" .bench)"
		done
	fi
	for name in $names; do
		[ -x "$MYNA_ROOT/tests/bench/$name.bench" ] ||
			die "there is no benchmark '$name'" "There are: $(cd "$MYNA_ROOT/tests/bench" && echo *.bench)"
	done
	# shellcheck disable=SC2086 # a list of words
	for packages in $(bench_packages $names); do
		install_packages "$packages"
	done
	build release >&2
	# A pipe's status is that of its end: what a benchmark that failed says comes by a line of its own.
	failed=''
	exec 4>&1
	for name in $names; do
		failed=$failed$({ {
			MYNA_BUILD=$MYNA_ROOT/.build/release BENCH_MINUTES=$minutes BENCH_DEVICES=$devices BENCH_RECORDS=$records \
				"$MYNA_ROOT/tests/bench/$name.bench" 3>&- 4>&- || printf ' %s' "$name" >&3
		} | if [ -n "$json" ]; then cat; else "$MYNA_ROOT/tests/bench/table.sh"; fi >&4; } 3>&1)
	done
	exec 4>&-
	[ -z "$failed" ] || die "these benchmarks failed:$failed" "Above stands what each of them said"
}
