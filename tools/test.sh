# shellcheck shell=sh
# test.sh - ./myna test: the debug build (address and undefined-behaviour sanitizers) and its
# suites, which are ctest labels; with --tsan the same under the thread sanitizer.

SUITES='unit lint integration simulation faults web'

run_tests() {
	if [ "$*" = --debian13 ]; then
		. "$MYNA_ROOT/tools/debian13.sh"
		test_debian13
		return
	fi
	all='' tsan=''
	chosen=''
	for word in "$@"; do
		case " $SUITES " in
		*" $word "*) chosen="$chosen|$word" ;;
		*)
			case $word in
			--all) all=yes ;;
			--tsan) tsan=yes ;;
			*) die "there is no suite '$word'" "There are: $SUITES; --all adds the long runs, --tsan looks for races instead, --debian13 alone builds there" ;;
			esac
			;;
		esac
	done
	[ -z "$tsan$all" ] || [ "$tsan" != "$all" ] || die "--all and --tsan do not go together" "Run one after the other"
	fuzz='' arm64=''
	[ -z "$all" ] || [ -n "$chosen" ] || fuzz=yes arm64=yes
	chosen=${chosen#|}
	[ -z "$tsan" ] || chosen=${chosen:-unit|integration}
	[ -n "$chosen" ] || chosen=$(printf '%s' "$SUITES" | tr ' ' '|')
	case $chosen in
	*web*) install_packages web ;;
	*) install_packages test ;;
	esac
	if [ -n "$tsan" ]; then
		test_races "$chosen"
		return
	fi
	build debug
	[ -z "$all" ] || build clang
	[ -z "$fuzz" ] || build fuzz --target fuzzers
	if [ -n "$arm64" ]; then
		. "$MYNA_ROOT/tools/arm64.sh"
		install_packages arm64
		fetch_arm64
		build arm64 --target robot_tests
	fi
	case $all:$chosen in
	yes:*integration*) make_what_is_packed ;;
	esac
	[ -n "$all" ] || set -- -LE long
	[ -z "$all" ] || set --
	step_abandon
	cd "$MYNA_ROOT" || exit 1
	choose_tmpdir
	failed=0
	run_suites debug "^($chosen)\$" "$@" || failed=1
	[ -z "$fuzz" ] || run_suites fuzz '^fuzz$' || failed=1
	[ -z "$arm64" ] || run_suites arm64 '^robot$' || failed=1
	return "$failed"
}

# A server that is killed, or whose end nobody looks at, says what it saw in a file: each is a failure.
test_races() { # SUITES
	build tsan
	step_abandon
	cd "$MYNA_ROOT" || exit 1
	choose_tmpdir
	races=$MYNA_ROOT/.build/tsan/races
	rm -rf "$races" && mkdir "$races"
	export TSAN_OPTIONS="log_path=$races/race second_deadlock_stack=1"
	failed=0
	run_suites tsan "^($1)\$" -LE long || failed=1
	for race in "$races"/race.*; do
		[ -e "$race" ] || continue
		cat "$race"
		failed=1
	done
	return "$failed"
}

# The packages that a test of the integration suite installs, for this machine and for arm64.
make_what_is_packed() {
	. "$MYNA_ROOT/tools/package.sh"
	install_packages packages
	packed_arch=$(dpkg --print-architecture)
	make_packages "$packed_arch"
	[ "$packed_arch" = arm64 ] || make_packages arm64
}

# The tests' databases and fleets live in memory where there is room for them and programs may run:
# they are made by the hundred, and end with their test.
choose_tmpdir() {
	free_kib=$(df -Pk /dev/shm 2>/dev/null | awk 'END { print $4 }')
	[ "${free_kib:-0}" -ge 6291456 ] || return 0
	dir=$(mktemp -d /dev/shm/myna-test.XXXXXX) || return 0
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM HUP
	chmod 711 "$dir" # databases of tests that root runs belong to another user
	cp /bin/true "$dir/true"
	if "$dir/true" 2>/dev/null; then
		export TMPDIR="$dir"
	fi
}

run_suites() { # PRESET LABELS...
	preset=$1
	shift
	# more than twice as many as there are processors, because the longest suites mostly wait
	ctest --test-dir ".build/$preset" --parallel "$(($(nproc) * 5 / 2))" --output-on-failure --no-tests=error -L "$@" ||
		repeat_failed "$preset"
}

# Whole fleets and browsers run beside each other, and a machine that stalls can fail one of them. A few
# that failed are run once more, alone; whoever passes only then is named, because it is unsteady, not
# well. What computes, compares or simulates gives the same each time: it has failed.
repeat_failed() { # PRESET
	failed_names=$(sed 's/^[0-9]*://' ".build/$1/Testing/Temporary/LastTestsFailed.log")
	[ "$(printf '%s\n' "$failed_names" | wc -l)" -le 3 ] || return 1
	for failed_name in $failed_names; do
		ctest --test-dir ".build/$1" -N -L '^(integration|faults|web)$' | grep -q "^ *Test *#[0-9]*: $failed_name\$" || return 1
	done
	printf '\nOnce more, alone: %s\n' "$(printf '%s' "$failed_names" | tr '\n' ' ')"
	ctest --test-dir ".build/$1" --rerun-failed --output-on-failure || return 1
	printf '\nAll tests passed, these only alone (what they said beside others is above):\n'
	printf '%s\n' "$failed_names" | sed 's/^/  unsteady  /'
}
