#!/bin/sh
# An installation is whole: every file that the units, the users' and folders' lists, the broker's
# configuration and the manual pages name is installed where they say, the programs run, a second
# installation keeps a changed configuration.
set -eu
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
failures=0

check() { # WHAT COMMAND...
	what=$1
	shift
	"$@" >"$work/out" 2>&1 || {
		failures=$((failures + 1))
		echo "$what"
		sed 's/^/  /' "$work/out"
	}
}

install_all() {
	DESTDIR=$root cmake --install "$build" >"$work/install.log" 2>&1 || {
		cat "$work/install.log"
		exit 1
	}
}

install_all

# Each file belongs to one part, and the parts are the whole: server, agent and ctl are packages (packaging/deb),
# what says in a checkout what the packages say in their own way is the fourth.
for part in server agent ctl whole; do
	DESTDIR=$work/$part cmake --install "$build" --component $part >"$work/out" 2>&1 || cat "$work/out"
	(cd "$work/$part" && find . -type f -o -type l) | tee "$work/$part.files" >>"$work/parts"
done
check "a file is in two parts of the installation" sh -c "! sort '$work/parts' | uniq -d | grep ."
(cd "$root" && find . -type f -o -type l) | sort >"$work/all"
check "a file is in none of the parts that become packages: give its install() a COMPONENT" \
	sh -c "sort '$work/parts' | diff '$work/all' -"
check "the robot's package has something of the server's" sh -c "! grep -E 'mynad|mosquitto|broker' '$work/agent.files'"
check "the server's package has something of the robot's" sh -c "! grep -E 'agent|voice|avatars' '$work/server.files'"

units=$(find "$root" -path '*/systemd/system/*.service')
[ "$(echo "$units" | wc -l)" = 2 ] || { echo "two units were expected, there are: $units" && exit 1; }

for unit in $units; do
	name=$(basename "$unit")
	# shellcheck disable=SC2013 # words: the program and its arguments
	for path in $(sed -n 's/^ExecStart=//p' "$unit" | tr ' ' '\n' | grep '^/'); do
		check "$name names $path, which is not installed" test -f "$root$path"
	done
	page=$(sed -n 's/^Documentation=man:\(.*\)(\(.\))$/\1.\2/p' "$unit")
	check "$name names the page $page, which is not installed" test -n "$(find "$root" -path '*/man/*' -name "$page")"
	user=$(sed -n 's/^User=//p' "$unit")
	check "no list makes the user $user of $name" grep -rq "^u $user " "$root" --include=mynad.conf --include=myna-agent.conf
	check "no list makes the state folder of $name" grep -rq "^d /var/lib/$user .* $user  *$user$" "$root" --include=mynad.conf --include=myna-agent.conf
	# shellcheck disable=SC2013 # words
	for group in $(sed -n 's/^SupplementaryGroups=//p' "$unit"); do
		check "$user does not join $group" grep -rq "^m $user $group$" "$root" --include=mynad.conf --include=myna-agent.conf
	done
	# verified with the program at its place of today
	sed "s|^ExecStart=/|ExecStart=$root/|" "$unit" >"$work/$name"
	if command -v systemd-analyze >/dev/null 2>&1; then
		check "systemd refuses $name" systemd-analyze verify --man=no "$work/$name"
	fi
done

for word in plugin acl_file; do
	path=$(sed -n "s/^$word //p" "$(find "$root" -name mosquitto.conf)")
	check "mosquitto.conf names $path, which is not installed" test -f "$root$path"
done
check "a word in mosquitto.conf was not filled in" sh -c "! grep -n '@[A-Z_]*@' '$(find "$root" -name mosquitto.conf)'"

programs=0
for program in "$root"/usr/bin/* "$root"/usr/local/bin/*; do
	[ -f "$program" ] || continue
	programs=$((programs + 1))
	name=$(basename "$program")
	check "$name --help fails" "$program" --help
	check "$name --version fails" "$program" --version
	check "$name has no manual page" test -n "$(find "$root" -path '*/man/*' -name "$name.[18]")"
done
[ "$programs" = 6 ] || { echo "$programs programs are installed, 6 were expected" && failures=$((failures + 1)); }

# hardened FILE: what cmake/flags.cmake asks for is in the file. Control-flow protection is not looked for: a
# distribution whose startup files lack its mark takes the mark from every program.
hardened() {
	file=$1
	readelf -hldW "$file" >"$work/elf" && readelf --dyn-syms -W "$file" >"$work/names" || return 1
	grep -q 'Type: *DYN' "$work/elf" || { echo "is not position-independent" && return 1; }
	if grep -q INTERP "$work/elf"; then
		grep -q 'FLAGS_1.*PIE' "$work/elf" || { echo "is a program at a fixed address" && return 1; }
	fi
	grep -q GNU_RELRO "$work/elf" || { echo "has no RELRO" && return 1; }
	grep -qE '\(BIND_NOW\)|\(FLAGS(_1)?\).*NOW' "$work/elf" || { echo "does not bind at start" && return 1; }
	grep 'GNU_STACK' "$work/elf" | grep -q 'RW ' || { echo "has a stack that can be executed" && return 1; }
	if grep -qE 'RPATH|RUNPATH' "$work/elf" && ! grep -qE '(RPATH|RUNPATH).*\[[$]ORIGIN/' "$work/elf"; then
		echo "searches libraries elsewhere than beside itself" && return 1
	fi
	grep -q '__stack_chk_fail' "$work/names" || { echo "has no stack protector" && return 1; }
	grep -qE '^MYNA_(SANITIZE|TSAN):BOOL=ON' "$build/CMakeCache.txt" || grep -q '_chk@' "$work/names" || { echo "is not fortified" && return 1; }
}

# secluded PROGRAM ARGUMENTS...: while it waits for its input, no other process of its user may look into it; into a
# sleep it may. Root may look into everything, so somebody else does both then.
as_user=
[ "$(id -u)" != 0 ] || as_user="setpriv --reuid=65534 --regid=65534 --clear-groups"
waits() { # PID: the program has begun and does nothing: it reads what does not come
	for _ in $(seq 100); do
		case $(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)$(cat "/proc/$1/comm" 2>/dev/null) in S"$2"*) return 0 ;; esac
		sleep 0.05
	done
	echo "$2 did not wait for its input"
	return 1
}
secluded() {
	comm=$(basename "$1" | cut -c1-15)
	# shellcheck disable=SC2086 # words
	$as_user "$@" <"$work/input" >"$work/words" 2>&1 9>&- &
	pid=$!
	# shellcheck disable=SC2016,SC2086 # the inner shell's; words
	waits "$pid" "$comm" && $as_user sh -c 'for name in environ maps auxv mem; do
		! head -c 1 "/proc/$1/$name" >/dev/null 2>&1 || echo "its $name can be read"; done' sh "$pid" >"$work/read"
	kill "$pid"
	wait "$pid" 2>/dev/null || true
	[ ! -s "$work/read" ] || { cat "$work/read" "$work/words" && return 1; }
}
chmod 755 "$work"
mkfifo -m 666 "$work/input"
exec 9<>"$work/input"
$as_user sleep 60 &
sleeper=$!
waits "$sleeper" sleep
# shellcheck disable=SC2086 # words
check "the test itself may not look into a program" $as_user sh -c "head -c 1 /proc/$sleeper/environ | grep -q ."
kill "$sleeper"
bin=$(dirname "$(find "$root" -name mynad -type f -perm -1)")
check "others look into mynad" secluded "$bin/mynad" --config "$work/input"
check "others look into myna-agent" secluded "$bin/myna-agent" --config "$work/input"
check "others look into mynactl" secluded "$bin/mynactl" contract check -f "$work/input"
for name in myna-voice myna-voice-http myna-wake; do
	check "others look into $name" secluded "$bin/$name"
done

files=0
find "$root" -type f >"$work/files"
while read -r file; do
	[ "$(od -An -c -N4 "$file" | tr -d ' ')" = '177ELF' ] || continue
	case ${file##*/} in lib*.so*) continue ;; esac # of the distribution, as it made them
	files=$((files + 1))
	check "$(basename "$file") is not hardened" hardened "$file"
done <"$work/files"
[ "$files" -ge 7 ] || { echo "$files programs and modules are installed, 7 were expected" && failures=$((failures + 1)); }

# absolute paths of pages and samples below the prefix
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
for page in $(find "$root" -path '*/man/*' -type f) "$(find "$root" -path '*/doc/*' -name myna-agent.conf)"; do
	# shellcheck disable=SC2013 # words
	for path in $(sed 's/\\-/-/g' "$page" | grep -oE "(/etc/myna|$prefix)/[a-zA-Z0-9_./-]*[a-z]" | sort -u); do
		case $path in */myna-agent.env | */update-keys.pem | */master.cred) continue ;; esac # written by who wants it
		check "$(basename "$page") names $path, which is not installed" test -e "$root$path"
	done
done
completion=$(find "$root" -path '*/bash-completion/completions/mynactl')
check "bash would not complete mynactl" bash -c ". '$completion' && complete -p mynactl | grep -q _mynactl"
for licence in LICENSE LICENSE.myna-voice LICENSE.dashboard; do
	check "$licence is not installed" test -n "$(find "$root" -path '*/doc/*' -name "$licence")"
done

config=$(find "$root" -path '*/etc/myna/mynad.conf')
echo "listen = 127.0.0.1:9" >"$config"
install_all
check "a second installation changed $config" grep -qx "listen = 127.0.0.1:9" "$config"

[ "$failures" = 0 ]
