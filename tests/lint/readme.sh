#!/bin/sh
# Each command that the README, "./myna help" and the manual pages show exists, with its options, and
# each file that the README names is there. "./myna help" names every option that "./myna up" takes,
# and after "./myna build" nothing is missing that is installed.
set -eu
cd "$1"
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

./myna help >"$work/help"
"$build/mynad" --help >"$work/mynad"
"$build/myna-agent" --help >"$work/myna-agent"

# What "./myna" takes: the words before ")" in its own case, and those of "up".
# shellcheck disable=SC2016 # the text of the script, not a variable
sed -n '/^case \$command in/,/^esac/s/^\([a-z| ]*\))$/\1/p; /^case \$command in/,/^esac/s/^\([a-z]*\) | .*) usage.*/\1/p' myna |
	tr -d ' ' | tr '|' '\n' | sort >"$work/commands"
sed -n '/^up_options()/,/^}/s/^\t\t\(--[a-z -|]*\)).*/\1/p' tools/stack.sh | tr -d ' ' | tr '|' '\n' | sort >"$work/up"
sed -n '/^run_tests()/q; s/^SUITES=.\(.*\).$/\1/p' tools/test.sh | tr ' ' '\n' >"$work/suites"

# Every example: in the README from code blocks and quoted words, in pages from literal displays.
examples() {
	awk '/^```/ { code = !code; next }
		code { print; next }
		{ while (match($0, /`[^`]+`/)) { print substr($0, RSTART + 1, RLENGTH - 2); $0 = substr($0, RSTART + RLENGTH) } }' README.md
	sed -n 's/^ *\(\.\/myna\)/\1/p' "$work/help"
	sed -n '/^welcome()/,/^}/s/^[[:blank:]]*\(\.\/myna .*\)/\1/p' tools/stack.sh
	# continued lines are one
	sed -n '/^\.Bd/,/^\.Ed/p' "$build"/packaging/man/*.[18] | sed -e 's/\\-/-/g' -e ':more' -e '/\\e$/{N;s/\\e\n//;b more' -e '}'
}

check_mynactl() { # SHOWN WORDS...
	shown=$1
	shift
	[ $# -gt 0 ] || return 0
	case $1 in --*) return 0 ;; esac
	"$build/mynactl" "$1" "${2:-}" --help </dev/null >"$work/verb" 2>/dev/null || { echo "mynactl has no verb for: $shown" && return 0; }
	for word in "$@"; do
		case $word in
		--json | --help) ;;
		--*)
			grep -qE -- "^  (-f, )?${word%%=*}( |\$)" "$work/verb" || echo "mynactl $1 has no option $word: $shown"
			;;
		esac
	done
}

check_myna() { # SHOWN WORDS...
	shown=$1
	shift
	[ $# -gt 0 ] || return 0
	[ "$1" != COMMAND ] || return 0
	grep -qx -- "$1" "$work/commands" || echo "./myna has no command $1: $shown"
	case $1 in
	ctl)
		shift
		check_mynactl "$shown" "$@"
		;;
	up)
		for word in "$@"; do
			case $word in
			--*) grep -qx -- "$word" "$work/up" || echo "./myna up has no option $word: $shown" ;;
			esac
		done
		;;
	test)
		shift
		for word in "$@"; do
			grep -qx -- "$word" "$work/suites" || [ "$word" = --all ] || echo "./myna test has no suite $word: $shown"
		done
		;;
	esac
}

check_program() { # PROGRAM SHOWN WORDS...
	program=$1
	shown=$2
	shift 2
	case ${1:-} in
	'' | --*) ;;
	*) grep -qE "^( *(usage: )?$program \[options\]|  ) *$1( |\$)" "$work/$program" || echo "$program has no command $1: $shown" ;;
	esac
	for word in "$@"; do
		case $word in
		--*) grep -q -- "${word%%=*}" "$work/$program" || echo "$program has no option $word: $shown" ;;
		esac
	done
}

{
	# a comment, quoted texts and what a pipe leads to are no words of a command
	examples | sed -e 's/ #.*//' -e 's/"[^"]*"/TEXT/g' -e "s/'[^']*'/TEXT/g" -e 's/&&/\n/g; s/;/\n/g; s/ | /\n/g' \
		-e 's/  .*every robot obeys.*//; s/  .*what that cost.*//' |
		sed -e 's/^ *//' -e 's/^sudo -u [a-z-]* //' -e 's/^[A-Z_]*=[^ ]* //' | while read -r first rest; do
		set -f
		# shellcheck disable=SC2086 # the words of an example
		case $first in
		./myna) check_myna "./myna $rest" $rest ;;
		mynactl) check_mynactl "mynactl $rest" $rest ;;
		mynad | myna-agent) check_program "$first" "$first $rest" $rest ;;
		esac
		set +f
	done

	while read -r option; do
		grep -q -- "$option\b" "$work/help" || echo "./myna help does not tell of up $option"
	done <"$work/up"
	while read -r word; do
		grep -qE "^(  |.* )$word( |\$|,|\.)" "$work/help" || [ "$word" = help ] || echo "./myna help does not tell of $word"
	done <"$work/commands"
	while read -r suite; do
		for text in README.md "$work/help"; do
			grep -qw -- "$suite" "$text" || echo "$(basename "$text") does not name the suite $suite"
		done
	done <"$work/suites"

	grep -oE '\]\([^)#]+\)' README.md | sed 's/^](//; s/)$//' | grep -v '^http' | while read -r file; do
		[ -e "$file" ] || echo "README.md names $file, which is not there"
	done
	# "./myna build" makes all that "cmake --install" takes, which makes nothing itself
	# shellcheck disable=SC2046 # a list of targets
	ninja -C "$build" -t commands $(sed -n '/^build_release()/,/^}/{s/.*build release --target//p; s/^\t\t//p}' tools/install.sh | tr -d '\\\n') >"$work/built"
	ninja -C "$build" -t commands all | grep -E '^cd [^ ]*/packaging &&' | while read -r made; do
		grep -qxF -- "$made" "$work/built" || echo "./myna build leaves out what is installed: $made"
	done

	lines=$(wc -l <README.md)
	[ "$lines" -le 150 ] || echo "README.md: $lines lines, at most 150"
} >"$work/findings"
cat "$work/findings"
[ ! -s "$work/findings" ]
