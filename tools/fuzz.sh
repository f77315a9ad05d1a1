# shellcheck shell=sh
# fuzz.sh - ./myna fuzz: each fuzz target in turn for as long as is asked. Interrupted, it goes on
# where it was: the time that each has had is in the table, the corpus in $MYNA_HOME/fuzz.

FUZZ_SLICE=300 # seconds: what an interruption loses at most

run_fuzz() {
	each=60 chosen=''
	while [ $# -gt 0 ]; do
		case $1 in
		--each)
			each=${2:-}
			case $each in
			'' | *[!0-9]* | 0*) die "--each needs a number of seconds" "./myna fuzz --each 3600" ;;
			esac
			shift
			;;
		-*) die "fuzz does not know '$1'" "./myna fuzz [--each SECONDS] [TARGET...]" ;;
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
	FUZZ_TABLE=$FUZZ_HOME/table.tsv
	mkdir -p "$FUZZ_HOME/found"
	[ -f "$FUZZ_TABLE" ] || printf 'target\tseconds\texecutions\tcorpus\tfound\n' >"$FUZZ_TABLE"
	for target in $chosen; do
		while [ "$(fuzz_had "$target" 2)" -lt "$each" ] && [ "$(fuzz_had "$target" 5)" = 0 ]; do
			fuzz_slice "$target" $((each - $(fuzz_had "$target" 2)))
		done
	done
	expand -t 18 "$FUZZ_TABLE"
	! awk -F '\t' 'NR > 1 && $5 > 0 { found = 1 } END { exit !found }' "$FUZZ_TABLE" ||
		die "inputs that break a target are in $FUZZ_HOME/found" \
			"Mend it, put the input into tests/fuzz/corpus, remove it there and from $FUZZ_TABLE"
}

fuzz_targets() {
	for source in "$MYNA_ROOT"/tests/fuzz/*_fuzz.c; do
		printf '%s ' "$(basename "$source" _fuzz.c)"
	done
}

# A column of the target's row; 0 when it has none.
fuzz_had() { # TARGET COLUMN
	awk -F '\t' -v name="$1" -v column="$2" '$1 == name { had = $column } END { print had + 0 }' "$FUZZ_TABLE"
}

fuzz_slice() { # TARGET SECONDS-LEFT
	slice=$2
	[ "$slice" -le "$FUZZ_SLICE" ] || slice=$FUZZ_SLICE
	corpus=$FUZZ_HOME/corpus/$1
	log=$FUZZ_HOME/$1.log
	mkdir -p "$corpus"
	set -- "$1" "-max_total_time=$slice" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
		"-artifact_prefix=$FUZZ_HOME/found/$1-" "$corpus" "$MYNA_ROOT/tests/fuzz/corpus/$1"
	name=$1
	shift
	dict=$MYNA_ROOT/tests/fuzz/$name.dict
	[ ! -f "$dict" ] || set -- "-dict=$dict" "$@"
	begun=$(date +%s)
	"$MYNA_ROOT/.build/fuzz/tests/fuzz/${name}_fuzz" "$@" >"$log" 2>&1 || true
	ran=$(awk '/^stat::number_of_executed_units:/ { print $2 }' "$log")
	[ -n "$ran" ] || ran=$(awk -F '[#\t ]' '/^#[0-9]/ { ran = $2 } END { print ran + 0 }' "$log")
	fuzz_note "$name" $(($(date +%s) - begun)) "$ran" "$(find "$corpus" -type f | wc -l)" \
		"$(find "$FUZZ_HOME/found" -name "$name-*" | wc -l)"
	printf '%s: %s of %s s, %s executions in all, %s found\n' "$name" "$(fuzz_had "$name" 2)" "$each" \
		"$(fuzz_had "$name" 3)" "$(fuzz_had "$name" 5)"
}

# Adds seconds and executions to the target's row; the other columns are as they are now.
fuzz_note() { # TARGET SECONDS EXECUTIONS CORPUS FOUND
	seconds=$(($(fuzz_had "$1" 2) + $2))
	executions=$(awk -v a="$(fuzz_had "$1" 3)" -v b="$3" 'BEGIN { printf "%.0f", a + b }')
	awk -F '\t' -v name="$1" '$1 != name' "$FUZZ_TABLE" >"$FUZZ_TABLE.new"
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$seconds" "$executions" "$4" "$5" >>"$FUZZ_TABLE.new"
	mv "$FUZZ_TABLE.new" "$FUZZ_TABLE"
}
