# shellcheck shell=sh
# bench.sh - ./myna bench: each benchmark measures its limit in the same run and prints the ratio.

run_bench() {
	json=''
	names=''
	for word in "$@"; do
		case $word in
		--json) json=--json ;;
		-*) die "bench does not know '$word'" "./myna bench [NAME...] [--json]" ;;
		*) names="$names $word" ;;
		esac
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
	install_packages run
	build release >&2
	for name in $names; do
		MYNA_BUILD=$MYNA_ROOT/.build/release "$MYNA_ROOT/tests/bench/$name.bench" |
			if [ -n "$json" ]; then cat; else "$MYNA_ROOT/tests/bench/table.sh"; fi
	done
}
