# shellcheck shell=sh
# database.sh - the fleet's private PostgreSQL cluster, reached by a socket alone.

PG_BIN=/usr/lib/postgresql/15/bin

# A socket's path may have 107 bytes. What lies deeper has its sockets here.
SHORT=/tmp/myna-$(printf '%s' "$MYNA_HOME" | cksum | cut -d ' ' -f 1)

# closed_folder FOLDER USER: makes it when it is not there, and lets nobody else have prepared it.
closed_folder() {
	if mkdir -m 700 "$1" 2>/dev/null; then
		chown "$2" "$1"
	fi
	[ -n "$(find "$1" -prune -type d -user "$2" -perm 700 2>/dev/null)" ] ||
		die "$1 belongs to somebody else or is open to others" "Remove it, or choose a shorter MYNA_HOME"
}

# PostgreSQL refuses root, so then it runs as Debian's user postgres; that user must be able to
# reach its folder, which it cannot below a closed home such as /root.
pg_place() {
	PG_USER=$(id -un)
	PG=$MYNA_HOME/pg
	if [ "$(id -u)" = 0 ]; then
		PG_USER=postgres
		if [ -d "$MYNA_HOME" ] && ! runuser -u postgres -- test -x "$MYNA_HOME" 2>/dev/null; then
			PG=/var/lib/myna-demo/$(printf '%s' "$MYNA_HOME" | cksum | cut -d ' ' -f 1)
		fi
	fi
	PG_SOCKET=$PG/run
	[ ${#PG_SOCKET} -le 80 ] || PG_SOCKET=$SHORT-db
	# shellcheck disable=SC2034 # for the server's options
	DATABASE="host='$PG_SOCKET' user=myna dbname=myna"
}

as_pg() {
	if [ "$PG_USER" = "$(id -un)" ]; then
		"$@"
	else
		(cd / && runuser -u "$PG_USER" -- "$@")
	fi
}

pg_run() {
	as_pg "$PG_BIN/pg_ctl" -s -D "$PG/data" "$@" 9>&-
}

pg_answers() {
	"$PG_BIN/pg_isready" -q -h "$PG_SOCKET"
}

# Made aside and moved into its place, so that an interrupted one is never taken for whole.
pg_make_cluster() {
	rm -rf "$PG/data" "$PG/data.new"
	as_pg "$PG_BIN/initdb" -D "$PG/data.new" -U myna -E UTF8 --locale=C -A trust >>"$LOG/postgresql.log" 2>&1 ||
		die "the database cluster could not be made" "$(cure "$LOG/postgresql.log")"
	mv "$PG/data.new" "$PG/data"
}

# Written at each start: the fleet's folder may have moved. trust is safe here, the socket's folder is
# closed to everybody but its owner.
pg_configure() {
	grep -qx "include 'myna.conf'" "$PG/data/postgresql.conf" ||
		echo "include 'myna.conf'" >>"$PG/data/postgresql.conf"
	cat >"$PG/data/myna.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$PG_SOCKET'
		shared_buffers = 128MB
		max_connections = 60
		jit = off
	CONF
}

# After kill -9 of the postmaster its children need a moment to go; until then it refuses to start.
pg_try_start() {
	pg_answers || pg_run -w -t 30 -l "$PG/server.log" start
}

pg_start() {
	pg_answers && return 0
	mkdir -p "$PG" || die "$PG cannot be made" "Is the disk full, or does it belong to somebody else?"
	chmod 700 "$PG"
	[ "$PG_USER" = "$(id -un)" ] || chown "$PG_USER" "$PG"
	closed_folder "$PG_SOCKET" "$PG_USER"
	[ -f "$PG/data/PG_VERSION" ] || pg_make_cluster
	pg_configure
	: >>"$PG/server.log"
	[ "$PG_USER" = "$(id -un)" ] || chown "$PG_USER" "$PG/server.log" "$PG/data/myna.conf"
	STARTED="postgresql $STARTED"
	wait_until 20 pg_try_start || die "PostgreSQL did not start" "$(cure "$PG/server.log")"
}

pg_make_database() {
	"$PG_BIN/psql" -h "$PG_SOCKET" -U myna -d postgres -Atqc \
		"SELECT 1 FROM pg_database WHERE datname = 'myna'" | grep -q 1 ||
		"$PG_BIN/createdb" -h "$PG_SOCKET" -U myna myna ||
		die "the database could not be made" "$(cure "$PG/server.log")"
}

pg_is_up() {
	[ -x "$PG_BIN/pg_isready" ] && [ -d "$PG/data" ] && pg_answers
}

pg_stop() {
	pg_run -m fast -w stop || die "PostgreSQL did not stop" "$(cure "$PG/server.log")"
	case $PG_SOCKET in "$SHORT"-db) rmdir "$PG_SOCKET" 2>/dev/null || true ;; esac
}
