#!/bin/sh
# changelog.sh CHANGELOG.md VERSION MAKER OUT - writes the changes as dpkg wants them (deb-changelog(5)).
#
# The day is that of the last change to the file as git knows it, SOURCE_DATE_EPOCH's where that is set.
set -eu
file=$1 version=$2 maker=$3 out=$4
folder=$(dirname "$file")
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$folder" log -1 --format=%ct -- CHANGELOG.md 2>/dev/null || true)}
day=$(LC_ALL=C date -u -R -d "@${epoch:-$(stat -c %Y "$file")}")

awk -v version="$version" -v maker="$maker" -v day="$day" '
function wrap(text,   n, i, words, line) {
	n = split(text, words, /[ \t]+/)
	line = "  *"
	for (i = 1; i <= n; i++) {
		if (length(line) + length(words[i]) > 78) {
			print line
			line = "   "
		}
		line = line " " words[i]
	}
	print line
}
function finish() {
	gsub(/`/, "", item)
	if (item != "") wrap(item)
	item = ""
}
function close_version() {
	finish()
	if (open) printf "\n -- %s  %s\n", maker, day
	open = 0
}
/^## / {
	close_version()
	if (done_one) exit # earlier versions keep what their packages said
	if ($2 != version && $2 != version ",") next
	printf "myna (%s) unstable; urgency=medium\n\n", version
	open = done_one = 1
	next
}
!open { next }
/^- / { finish(); item = substr($0, 3); next }
/^[ \t]+[^ \t]/ { sub(/^[ \t]+/, ""); item = item " " $0; next }
END {
	close_version()
	if (!done_one) { print "CHANGELOG.md has no version " version >"/dev/stderr"; exit 1 }
}' "$file" >"$out"
