# shellcheck shell=sh
# fuzz.sh - ./myna fuzz: each fuzz target for as long as is asked, so many at once. Interrupted, it
# goes on where it was: what each has had is in a row of its own and the corpus, in $MYNA_HOME/fuzz.

FUZZ_SLICE=300  # seconds: what an interruption loses at most
FUZZ_TIMEOUT=60 # seconds of one input, by the clock on the wall: beside others it waits for its turn

run_fuzz() {
	each=60 jobs=1 chosen=''
	while [ $# -gt 0 ]; do
		case $1 in
		--each)
			each=${2:-}
			is_count "$each" || die "--each needs a number of seconds" "./myna fuzz --each 3600"
			shift
			;;
		--jobs)
			jobs=${2:-}
			is_count "$jobs" || die "--jobs needs a number of targets to run at once" "./myna fuzz --jobs 2"
			shift
			;;
		-*) die "fuzz does not know '$1'" "./myna fuzz [--each SECONDS] [--jobs N] [TARGET...]" ;;
		*)
			[ -f "$MYNA_ROOT/tests/fuzz/$1_fuzz.c" ] || die "there is no fuzz target '$1'" "There are: $(fuzz_targets)"
			chosen="$chosen $1"
			;;
		esac
		shift
	done
	[ -n "$chosen" ] || chosen=$(fuzz_targets)
	install_packages test
	build fuzz --target fuzzers
	FUZZ_HOME=$MYNA_HOME/fuzz
	mkdir -p "$FUZZ_HOME/found" "$FUZZ_HOME/rows"
	job=0
	while [ "$job" -lt "$jobs" ]; do
		# shellcheck disable=SC2086 # a list of names
		fuzz_share "$job" "$jobs" $chosen &
		job=$((job + 1))
	done
	wait
	fuzz_table >"$FUZZ_HOME/table.tsv"
	expand -t 18 "$FUZZ_HOME/table.tsv"
	! awk -F '\t' 'NR > 1 && $6 > 0 { found = 1 } END { exit !found }' "$FUZZ_HOME/table.tsv" ||
		die "inputs that break a target are in $FUZZ_HOME/found" \
			"Mend it, put the input into tests/fuzz/corpus, remove it there and the target's row in $FUZZ_HOME/rows"
}

is_count() {
	case $1 in
	'' | *[!0-9]* | 0*) return 1 ;;
	esac
}

# One job's share: every JOBS-th target, from the JOB-th on.
fuzz_share() { # JOB JOBS TARGET...
	turn=$1 of=$2
	shift 2
	for target in "$@"; do
		if [ "$turn" -eq 0 ]; then
			while [ "$(fuzz_had "$target" 2)" -lt "$each" ] && [ "$(fuzz_had "$target" 6)" = 0 ]; do
				fuzz_slice "$target" $((each - $(fuzz_had "$target" 2)))
			done
			turn=$of
		fi
		turn=$((turn - 1))
	done
}

fuzz_table() {
	printf 'target\tseconds\tcpu seconds\texecutions\tcorpus\tfound\n'
	cat "$FUZZ_HOME"/rows/*
}

fuzz_targets() {
	for source in "$MYNA_ROOT"/tests/fuzz/*_fuzz.c; do
		printf '%s ' "$(basename "$source" _fuzz.c)"
	done
}

# A column of the target's row; 0 when it has none.
fuzz_had() { # TARGET COLUMN
	row=$FUZZ_HOME/rows/$1
	[ -f "$row" ] || row=/dev/null
	awk -F '\t' -v column="$2" '{ had = $column } END { print had + 0 }' "$row"
}

fuzz_slice() { # TARGET SECONDS-LEFT
	slice=$2
	[ "$slice" -le "$FUZZ_SLICE" ] || slice=$FUZZ_SLICE
	corpus=$FUZZ_HOME/corpus/$1
	log=$FUZZ_HOME/$1.log
	mkdir -p "$corpus"
	set -- "$1" "-max_total_time=$slice" "-timeout=$FUZZ_TIMEOUT" -rss_limit_mb=2048 -max_len=65536 \
		-print_final_stats=1 "-artifact_prefix=$FUZZ_HOME/found/$1-" "$corpus" "$MYNA_ROOT/tests/fuzz/corpus/$1"
	name=$1
	shift
	dict=$MYNA_ROOT/tests/fuzz/$name.dict
	[ ! -f "$dict" ] || set -- "-dict=$dict" "$@"
	begun=$(date +%s)
	(
		"$MYNA_ROOT/.build/fuzz/tests/fuzz/${name}_fuzz" "$@" >"$log" 2>&1 || true
		times >"$log.cpu"
	)
	ran=$(awk '/^stat::number_of_executed_units:/ { print $2 }' "$log")
	[ -n "$ran" ] || ran=$(awk -F '[#\t ]' '/^#[0-9]/ { ran = $2 } END { print ran + 0 }' "$log")
	fuzz_note "$name" $(($(date +%s) - begun)) "$(fuzz_cpu "$log.cpu")" "$ran" "$(find "$corpus" -type f | wc -l)" \
		"$(find "$FUZZ_HOME/found" -name "$name-*" | wc -l)"
	printf '%s: %s of %s s, %s executions in all, %s found\n' "$name" "$(fuzz_had "$name" 2)" "$each" \
		"$(fuzz_had "$name" 4)" "$(fuzz_had "$name" 6)"
}

# The seconds in the second line of the shell's `times`: what its children used.
fuzz_cpu() { # FILE
	awk 'NR == 2 { gsub(/s/, ""); for (i = 1; i <= 2; i++) { split($i, part, "m"); cpu += part[1] * 60 + part[2] } }
		END { printf "%.0f", cpu }' "$1"
}

# Adds seconds, CPU seconds and executions to the target's row; the other columns are as they are now.
fuzz_note() { # TARGET SECONDS CPU EXECUTIONS CORPUS FOUND
	seconds=$(($(fuzz_had "$1" 2) + $2))
	cpu=$(($(fuzz_had "$1" 3) + $3))
	executions=$(awk -v a="$(fuzz_had "$1" 4)" -v b="$4" 'BEGIN { printf "%.0f", a + b }')
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$seconds" "$cpu" "$executions" "$5" "$6" >"$FUZZ_HOME/$1.row"
	mv "$FUZZ_HOME/$1.row" "$FUZZ_HOME/rows/$1"
}
