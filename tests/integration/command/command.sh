#!/bin/sh
# ./myna as people meet it: what it refuses it refuses in one line and before it has done anything;
# a folder with blanks and a long path will do; what fails or is interrupted leaves nothing running.
set -eu
root=$1
export MYNA_BUILD="$2"
. "$root/tools/common.sh"
work=$(mktemp -d)
chmod 711 "$work" # the database's own user passes through
failures=0

MYNA_PORT_BASE=$((30000 + $(od -An -N2 -tu2 /dev/urandom) % 2000)) # above the other suites' fleets, below the ports that connections get by themselves
while port_taken "$MYNA_PORT_BASE" || port_taken $((MYNA_PORT_BASE + 2)) || port_taken $((MYNA_PORT_BASE + 4)); do
	MYNA_PORT_BASE=$((MYNA_PORT_BASE + 10))
done
MYNA_HOME="$work/a home with blanks $(printf 'deep %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)down"
export MYNA_PORT_BASE MYNA_HOME
unset MYNA_VENDOR_KEY

myna() {
	"$root/myna" "$@"
}

end() {
	myna down >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap end EXIT

fail() {
	failures=$((failures + 1))
	echo "FAILED: $1"
	sed 's/^/  /' "$work/out" "$work/err"
}

# What ./myna itself has made; a running fleet writes below the others.
made() {
	find "$MYNA_HOME" \( -path "$MYNA_HOME/pg" -o -path "$MYNA_HOME/agent" -o -path "$MYNA_HOME/robots" \) -prune \
		-o -print 2>/dev/null | sort
}

# refused PATTERN ARGUMENTS...: one line that matches, and the fleet's folder is as it was.
refused() {
	pattern=$1
	shift
	before=$(made)
	if myna "$@" >"$work/out" 2>"$work/err"; then
		fail "./myna $* went well"
	elif [ "$(wc -l <"$work/err")" != 1 ] || [ -s "$work/out" ] || ! grep -q "^myna: .*$pattern" "$work/err"; then
		fail "./myna $* does not say in one line: $pattern"
	elif [ "$(made)" != "$before" ]; then
		fail "./myna $* left something in the folder"
	fi
}

# works PATTERN ARGUMENTS...: exit status 0, and its output matches.
works() {
	pattern=$1
	shift
	myna "$@" >"$work/out" 2>"$work/err" || fail "./myna $* failed"
	grep -q "$pattern" "$work/out" || fail "./myna $* does not say: $pattern"
}

none_run() {
	myna status >"$work/out" 2>"$work/err"
	! grep -q runs "$work/out" || fail "$1 left something running"
}

refused "no command 'fly'" fly
refused "'--wings'" up --wings
refused "needs a value" up --robots
refused "not 'many'" up --robots many
refused "not ''" up --robots ''
refused "not '70000'" up --port 70000
refused "not 'fast'" up --talk-rate fast
refused "not 'localhost'" up --bind localhost
refused "needs --model" up --vendor https://vendor.example/v1
refused "not 'vendor.example'" up --vendor vendor.example --model m
refused "MYNA_VENDOR_KEY=" up --vendor https://vendor.example/v1 --model m
refused "need --vendor" up --model m
refused "needs the question" say
refused "./myna up" say hello
refused "./myna up" ctl fleet
refused "'now'" down now
refused "'here'" build here
refused "unit lint" test everything
refused "There are:" bench everything
works "there is no fleet" down

home=$MYNA_HOME base=$MYNA_PORT_BASE
MYNA_HOME="$work/a,b"
refused "a sign" up
MYNA_HOME=/proc/nowhere
refused "MYNA_HOME=" up
MYNA_HOME=$home
MYNA_PORT_BASE=many
refused "from 1024" up
MYNA_PORT_BASE=$base

node -e "require('net').createServer().listen($((MYNA_PORT_BASE + 2)), '127.0.0.1')" &
squatter=$!
wait_until 10 port_taken $((MYNA_PORT_BASE + 2))
mkdir -p "$MYNA_HOME/run" "$MYNA_HOME/log" && : >"$MYNA_HOME/lock"
refused "port $((MYNA_PORT_BASE + 2)), wanted for mosquitto" up --robots 1 --detach
kill "$squatter"

works "Myna is up" up --robots 1 --detach
works "^." say "What should I read?"
works "^robots  *[12]$" ctl fleet
works "runs" status
works "Myna is up" up --robots 1 --detach
MYNA_PORT_BASE=$((base + 100))
refused "ports from $base on" up --robots 1 --detach
MYNA_PORT_BASE=$base

# claim codes let robots in: they stand in no command line
for file in "$MYNA_HOME"/run/*.pid; do
	read -r pid rest <"$file"
	! tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qE -- '--claim|[0-9a-z]{16}-[0-9a-z]{52}' ||
		fail "$rest shows a claim code to everybody"
done

# reachable from elsewhere: TLS only, and the certificate can be recognised
works "https://" up --robots 1 --detach --bind 0.0.0.0
shown=$(grep -oE '([0-9A-F]{2}:){31}[0-9A-F]{2}' "$work/out" || true)
served=$(openssl s_client -connect "127.0.0.1:$MYNA_PORT_BASE" </dev/null 2>/dev/null |
	openssl x509 -noout -fingerprint -sha256 | cut -d = -f 2)
[ "$shown" = "${served:-none}" ] || fail "up shows the fingerprint $shown, not $served"
! curl -fs --max-time 5 "http://127.0.0.1:$MYNA_PORT_BASE/healthz" || fail "the dashboard speaks without TLS, too"

# an address that this machine does not have: the server fails, and the rest that ran goes on
myna down >/dev/null
if myna up --robots 1 --detach --bind 203.0.113.254 >"$work/out" 2>"$work/err"; then fail "up at a foreign address went well"; fi
grep -q "mynad did not start: cannot listen" "$work/err" || fail "up at a foreign address does not say why"
none_run "a failed up"

# interrupted: a shell that does not watch for it lets SIGINT be ignored by what it starts
node -e '
  const {spawn} = require("child_process");
  const up = spawn(process.argv[1], ["up", "--robots", "1", "--detach"], {detached: true, stdio: ["ignore", "pipe", "ignore"]});
  let told = "";
  up.stdout.on("data", (text) => {
    const before = told;
    told += text;
    if (/database/.test(told) && !/database/.test(before)) process.kill(-up.pid, "SIGINT");
  });
  up.on("exit", (code) => process.exit(code === 130 ? 0 : 1));
' "$root/myna" || fail "an interrupted up does not end as such"
myna status >"$work/out"
case $(grep -c runs "$work/out") in 0 | 6) ;; *) fail "an interrupted up left half of it" ;; esac

works "Myna is up" up --robots 1 --detach
works "stopping mynad" down
works "nothing was running" down
none_run "down"

[ "$failures" = 0 ]
