# shellcheck shell=sh
# analyse.sh - ./myna analyse: what looks for mistakes without running anything, each over all of
# our C: cppcheck, gcc's -fanalyzer and clang's analyser. Silent where there is nothing.

ANALYSERS='cppcheck gcc clang'

# cppcheck reads the tests as well. The compilers read what is installed: to them a test goes on
# behind an assertion of CMocka's that failed.
ANALYSE_PROGRAMS='/(schema|server|agent)/'

run_analysers() {
	[ $# -gt 0 ] || set -- cppcheck gcc clang
	for name in "$@"; do
		case " $ANALYSERS " in
		*" $name "*) ;;
		*) die "there is no analyser '$name'" "There are: $ANALYSERS" ;;
		esac
	done
	install_packages analyse
	# the generated headers; the commands of everything, the fuzz targets included
	build fuzz --target fuzzers
	ANALYSE_DIR=$MYNA_ROOT/.build/analyse
	mkdir -p "$ANALYSE_DIR"
	failed=0
	for name in "$@"; do
		step "$name"
		"analyse_$name" >"$ANALYSE_DIR/$name.txt" 2>&1 || true
		found=$(grep -cE "$ANALYSE_FINDING" "$ANALYSE_DIR/$name.txt" || true)
		step_done "$found findings"
		[ "$found" = 0 ] || {
			failed=1
			grep -E "$ANALYSE_FINDING" "$ANALYSE_DIR/$name.txt"
		}
	done
	return "$failed"
}

# What a finding looks like; also when an analyser could not read a file.
ANALYSE_FINDING='^[^ ]*:[0-9]+(:[0-9]+)?: (fatal |internal )?(warning|error|style|performance|portability)'

# One command of a compiler per line, of each of our own files once.
analyse_commands() {
	sed -n 's/^ *"command": "\(.*\)",$/\1/p' "$MYNA_ROOT/.build/fuzz/compile_commands.json" |
		sed -e 's/\\\\/\\/g' -e 's/\\"/"/g' | grep -v "\.build/[^ ]*\.c\$" |
		awk '!seen[$NF]++'
}

analyse_files() {
	analyse_commands | awk '{ print $NF }' | sed "s#^$MYNA_ROOT/##"
}

# The command of each file with another compiler in its place, as many at once as there are
# processors.
analyse_by() { # COMPILER AND ITS OPTIONS
	analyse_commands | awk -v ours="^$MYNA_ROOT$ANALYSE_PROGRAMS" '$NF ~ ours' |
		sed -E -e "s#^[^ ]+ #$1 #" -e 's# -fsanitize[^ ]*# #g' -e 's# -fno-sanitize[^ ]*##g' \
			-e 's# -Werror( |=[^ ]*)# #g' -e 's# -o [^ ]+# -o /dev/null#' |
		tr '\n' '\0' | (cd "$MYNA_ROOT/.build/fuzz" && xargs -0 -n 1 -P "$(nproc)" sh -c)
}

analyse_gcc() {
	analyse_by 'gcc -fanalyzer'
}

analyse_clang() {
	analyse_by 'clang --analyze --analyzer-output text'
}

# File by file: the look across files (--cppcheck-build-dir) takes a struct that holds the address of
# an output for a reader of it.
analyse_cppcheck() (
	cd "$MYNA_ROOT" || exit 1
	analyse_files >"$ANALYSE_DIR/files.txt"
	cppcheck --quiet -j "$(nproc)" --std=c11 --library=posix --inline-suppr \
		--enable=warning,performance,portability --template='{file}:{line}: {severity}: {id}: {message}' \
		--file-list="$ANALYSE_DIR/files.txt" -I . -I .build/fuzz/schema/generated
)
