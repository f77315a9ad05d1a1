#!/bin/sh
# Manual pages and sample configurations say what the programs say: every task, verb and option of
# --help, with its default and choices, stands in the page, and nothing else does.
set -eu
build=$2
man=$build/packaging/man
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
findings=$work/findings
: >"$findings"

# differ WHERE WHAT SAID DOCUMENTED: two files of words, one per line.
differ() {
	sort -u "$3" -o "$3"
	sort -u "$4" -o "$4"
	comm -23 "$3" "$4" | sed "s|^|$1: lacks the $2|" >>"$findings"
	comm -13 "$3" "$4" | sed "s|^|$1: there is no such $2: |" >>"$findings"
}

# The option names in a page's lists, or those of the one item that starts with WORDS and then goes
# on with a macro: "usage rerate" is not "usage".
page_options() { # PAGE [WORDS]
	awk -v words="${2:-}" '
		/^\.(It|El)/ { item = $0; sub(/^\.It (Xo )?Cm /, "", item); sub(/^\.El/, "", item) }
		words == "" ? /^\.It/ : item == words || (index(item, words " ") == 1 && substr(item, length(words) + 2) ~ /^[A-Z]/) {
			for (i = 1; i < NF; i++) if ($i == "Fl" || $i == ".Fl") {
				name = $(i + 1); if (name ~ /^-[a-z]/) print substr(name, 2)
			}
		}' "$1"
}

# The text of one option in a page, on one line, without the macros.
option_text() { # PAGE NAME
	awk -v name="-$2" '
		/^\.It Fl / { inside = $3 == name }
		/^\.El/ { inside = 0 }
		inside { printf "%s ", $0 }' "$1"
}

# What --help says in brackets behind an option: "[default]" and "(one|two)" or "(1 to 9)".
check_values() { # PROGRAM PAGE
	sed -n 's/^  --\([a-z-]*\) .*\[\(.*\)\]$/\1 \2/p' "$work/help" | while read -r name value; do
		option_text "$2" "$name" | grep -qF -- "$value" ||
			echo "$1: --$name does not tell its default, $value"
	done
	sed -n 's/^  --\([a-z-]*\) .* (\([a-z|]*|[a-z|]*\)).*/\1 \2/p' "$work/help" | while read -r name choices; do
		for choice in $(echo "$choices" | tr '|' ' '); do
			option_text "$2" "$name" | grep -qw -- "$choice" ||
				echo "$1: --$name does not tell its choice $choice"
		done
	done
	sed -n 's/^  --\([a-z-]*\) .* (\([0-9]* to [0-9]*\)).*/\1 \2/p' "$work/help" | while read -r name range; do
		option_text "$2" "$name" | grep -qF -- "$range" ||
			echo "$1: --$name does not tell its range, $range"
	done
}

# Dashes that a generator wrote are escaped, so that they can be copied; an option that the table gives
# and the frame has too would stand twice.
check_options() { # PROGRAM PAGE
	sed 's/\\-/-/g' "$2" >"$work/$(basename "$2")"
	set -- "$1" "$work/$(basename "$2")"
	page_options "$2" | sort | uniq -d | sed "s|^|$(basename "$2"): stands twice: --|" >>"$findings"
	grep -oE -- '--[a-z][a-z-]*' "$work/help" | sed 's/^--//' >"$work/said"
	page_options "$2" >"$work/documented"
	differ "$(basename "$2")" "option --" "$work/said" "$work/documented"
	check_values "$1" "$2" >>"$findings"
}

# The words behind .It Cm of a page: tasks and verbs.
page_commands() { # PAGE
	sed -n 's/^\.It \(Xo \)\{0,1\}Cm //p' "$1" | sed 's/ \(Ar\|Cm\|Fl\|Op\|Ns\|Xo\) .*//'
}

# With its defaults and examples taken in, a sample is read without complaint: what is wrong is the
# word behind it.
check_sample() { # PROGRAM SAMPLE
	sed -n 's/^  --\([a-z-]*\)  *.*/\1/p' "$work/help" | grep -vxE 'config|help|version' | tr - _ >"$work/said"
	sed -n 's/^#\([a-z_]*\) = *.*/\1/p; s/^#\([a-z_]*\) =$/\1/p' "$2" >"$work/documented"
	differ "$(basename "$2")" "option " "$work/said" "$work/documented"
	sed -n 's/^  --\([a-z-]*\) .*\[\(.*\)\]$/\1 \2/p' "$work/help" | while read -r name value; do
		grep -qxF "#$(echo "$name" | tr - _) = $value" "$2" ||
			echo "$(basename "$2"): the default of $name is $value"
	done >>"$findings"
	sed 's/^#\([a-z_]* =\)/\1/' "$2" >"$work/sample"
	"$1" --config "$work/sample" no-such-command >"$work/out" 2>&1 || true
	grep -q "no-such-command" "$work/out" || sed "s|^|$(basename "$2"): |" "$work/out" >>"$findings"
}

"$build/mynad" --help >"$work/help"
check_options mynad "$man/mynad.8"
sed -n '/^tasks:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/help" >"$work/said"
page_commands "$man/mynad.8" >"$work/documented"
differ mynad.8 "task " "$work/said" "$work/documented"
check_sample "$build/mynad" "$build/packaging/mynad.conf"

"$build/myna-agent" --help >"$work/help"
check_options myna-agent "$man/myna-agent.8"
sed -n 's/^ *\(usage: \)\{0,1\}myna-agent \[options\] \([a-z][a-z]*\) .*/\2/p' "$work/help" |
	grep -vx run >"$work/said"
page_commands "$man/myna-agent.8" >"$work/documented"
differ myna-agent.8 "command " "$work/said" "$work/documented"
check_sample "$build/myna-agent" "$build/packaging/myna-agent.conf"

"$build/agent/voice/myna-voice" --help >"$work/help"
check_options myna-voice "$man/myna-voice.1"
"$build/agent/ear/myna-wake" --help >"$work/help"
check_options myna-wake "$man/myna-wake.1"

# The pages of mynactl are made of the tables that --help prints: what is written by hand is the frame.
"$build/mynactl" --help >"$work/help"
sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' "$work/help" >"$work/said"
for page in "$man"/mynactl-*.1; do basename "$page" .1 | sed 's/^mynactl-//'; done >"$work/documented"
differ "pages of mynactl" "word " "$work/said" "$work/documented"
sed -n 's/^\.It Xr mynactl-\([a-z-]*\) 1$/\1/p' "$man/mynactl.1" >"$work/documented"
differ mynactl.1 "word " "$work/said" "$work/documented"
for option in json context watch help version; do
	grep -q "^\.It Fl -$option\( Ar name\)\{0,1\}$" "$man/mynactl.1" || echo "mynactl.1: lacks --$option" >>"$findings"
done

if command -v mandoc >/dev/null 2>&1; then
	mandoc -Tlint -W style "$man"/mynactl*.1 2>/dev/null | grep -v 'referenced manual not found' >>"$findings" || true
	mandoc -Tlint -W warning "$man"/*.[18] 2>/dev/null >>"$findings" || true
fi
cat "$findings"
[ ! -s "$findings" ]
