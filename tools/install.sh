# shellcheck shell=sh
# install.sh - what a bare Debian 12 lacks, and the build.

# What builds and runs the fleet. Never a browser, an X server or a sound server.
PACKAGES_RUN='build-essential cmake ninja-build pkg-config protobuf-compiler nanopb libnanopb-dev
	postgresql-15 libpq-dev mosquitto mosquitto-dev libmosquitto-dev libpaho-mqtt-dev
	libmicrohttpd-dev libmbedtls-dev libjansson-dev libcurl4-openssl-dev libssl-dev libcrypt-dev libyaml-dev
	libqrencode-dev libglib2.0-dev tzdata
	libexpat1-dev libcairo2-dev libsdl2-dev libasound2-dev libespeak-ng-dev espeak-ng-data
	libpocketsphinx-dev pocketsphinx-en-us libspeexdsp-dev
	fonts-wqy-microhei ffmpeg fortunes fortunes-zh curl ca-certificates openssl nodejs npm
	libcmocka-dev'

# What the tests add.
PACKAGES_TEST='mold clang clang-format libclang-rt-14-dev shellcheck mandoc mosquitto-clients git'
PACKAGES_WEB='chromium-headless-shell'

# What --all adds to build for arm64 robots and to run what was built.
PACKAGES_ARM64='gcc-aarch64-linux-gnu qemu-user-static'

# What --all adds to try the installers of whole systems.
PACKAGES_SYSTEMS='rauc squashfs-tools swupdate cpio'

# What makes a bare Debian to try packages in, and what judges them.
PACKAGES_PACKAGES='debootstrap lintian'

# What ./myna analyse adds.
PACKAGES_ANALYSE='cppcheck'

# What the benchmarks add that look at the screen and listen to the sound.
PACKAGES_BENCH='xvfb pulseaudio pulseaudio-utils libasound2-plugins libpulse-dev libx11-dev libxext-dev'

APT_MS=0 # how long apt took, if it had to do anything

# Prints those of the packages that are not installed.
packages_missing() { # PACKAGES...
	installed=$(dpkg-query -W -f '${Package} ${Status}\n' "$@" 2>/dev/null | sed -n 's/ install ok installed$//p')
	for package in "$@"; do
		# a Node.js from elsewhere brings its own npm
		[ "$package" = npm ] && command -v npm >/dev/null 2>&1 && continue
		printf '%s\n' "$installed" | grep -qx -- "$package" || printf '%s\n' "$package"
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die "packages are missing and this user can neither sudo nor is root" \
			"Run as root once: apt-get install --no-install-recommends $MISSING"
	fi
}

# Debian's packages start a database and a broker of their own when installed; ours are private,
# so they are told not to, for the time of the installation only.
hold_services() {
	as_root mkdir -p /etc/postgresql-common/createcluster.d
	printf 'create_main_cluster = false\n' |
		as_root tee /etc/postgresql-common/createcluster.d/zz-myna.conf >/dev/null
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
		as_root chmod 755 /usr/sbin/policy-rc.d
		HELD_POLICY=yes
	fi
}

release_services() {
	as_root rm -f /etc/postgresql-common/createcluster.d/zz-myna.conf
	[ "${HELD_POLICY:-}" = yes ] && as_root rm -f /usr/sbin/policy-rc.d
	case " $MISSING " in
	*' mosquitto '*)
		if command -v systemctl >/dev/null 2>&1; then
			as_root systemctl disable mosquitto.service >/dev/null 2>&1 || true
		fi
		;;
	esac
	return 0
}

# Of apt's output: how much was fetched or, later, which share of it is installed.
# shellcheck disable=SC2016 # a program of awk
APT_FAR='/ newly installed/ { all = $3 } /^Get:/ { got = substr($1, 5) }
	/^(Unpacking|Setting up) / { done++ }
	END { if (done && all) printf "%d %%", done * 50 / all; else if (got) printf "%d fetched", got }'

# Of ninja's: "[12/640]".
# shellcheck disable=SC2016 # a program of awk
BUILD_FAR='/^\[[0-9]+\/[0-9]+\]/ { far = $1 } END { print far }'

# sudo drops the proxies of the environment; another apt at work is waited for.
apt_get() {
	watched "$INSTALL_LOG" "$APT_FAR" as_root env DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
}

apt_failed() {
	release_services
	if grep -qE 'Temporary failure resolving|Could not connect|Unable to connect|Failed to fetch|Could not resolve' "$INSTALL_LOG"; then
		die "the package mirror cannot be reached" \
			"Check the network or the mirror in /etc/apt, then run this again; details: $INSTALL_LOG"
	fi
	if grep -qE 'Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock directory' "$INSTALL_LOG"; then
		die "another apt or dpkg is at work on this machine" "Wait until it has ended, then run this again"
	fi
	if grep -qE 'No space left on device|enough free space' "$INSTALL_LOG"; then
		die "the disk is full" "Free about 2 GB, then run this again"
	fi
	if grep -q 'Unable to locate package' "$INSTALL_LOG"; then
		die "$(grep -m 1 'Unable to locate package' "$INSTALL_LOG" | sed 's/^E: //')" \
			"Debian 12 (bookworm) with its main archive is needed; details: $INSTALL_LOG"
	fi
	die "apt-get could not install what is missing" "Its output is in $INSTALL_LOG"
}

install_packages() { # run | test | web | analyse | cross | packages | arm64 | bench | browser
	[ -r /etc/debian_version ] ||
		die "this is not Debian" "Debian 12 is needed; in a container: debian:bookworm"
	wanted=$PACKAGES_RUN
	case $1 in
	test) wanted="$wanted $PACKAGES_TEST" ;;
	web) wanted="$wanted $PACKAGES_TEST $PACKAGES_WEB" ;;
	analyse) wanted="$wanted $PACKAGES_TEST $PACKAGES_ANALYSE" ;;
	cross) wanted="$wanted $PACKAGES_ARM64" ;;
	packages) wanted="$wanted $PACKAGES_PACKAGES" ;;
	arm64) wanted="$wanted $PACKAGES_TEST $PACKAGES_ARM64 $PACKAGES_SYSTEMS" ;;
	bench) wanted="$wanted $PACKAGES_BENCH" ;;
	browser) wanted="$wanted $PACKAGES_WEB" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	MISSING=$(packages_missing $wanted | tr '\n' ' ')
	MISSING=${MISSING% }
	[ -n "$MISSING" ] || return 0

	prepare_home
	INSTALL_LOG=$MYNA_HOME/log/install.log
	: >"$INSTALL_LOG"
	if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null 2>&1; then
		printf '  installing packages needs sudo, once:\n'
		sudo -v || die "sudo was refused" "Run as root once: apt-get install --no-install-recommends $MISSING"
	fi
	need_disk / 2500
	step "apt: what is missing ($(printf '%s\n' "$MISSING" | wc -w) packages)"
	hold_services
	# interrupted, too, the machine gets back what it was told
	trap release_services EXIT
	trap 'exit 130' INT TERM HUP
	apt_get update || apt_failed
	# shellcheck disable=SC2086 # a list of words
	apt_get install --no-install-recommends $MISSING || apt_failed
	release_services
	trap - EXIT INT TERM HUP
	# shellcheck disable=SC2034 # for up's last line
	APT_MS=$(($(now_ms) - STEP_START))
	step_done
}

# One at a time for one folder: the second waits, for the two would write the same files.
compile() ( # PRESET [TARGET...]
	preset=$1
	shift
	cd "$MYNA_ROOT" || exit
	flock -n 8 || { echo "waiting for another build of .build/$preset" && flock 8; }
	cmake --preset "$preset" && cmake --build --preset "$preset" "$@"
) 8>"$MYNA_ROOT/.build/$1.lock"

# build PRESET [TARGET...]
build() {
	preset=$1
	shift
	prepare_home
	build_log=$MYNA_HOME/log/build-$preset.log
	need_disk "$MYNA_ROOT" "$([ -f "$MYNA_ROOT/.build/$preset/build.ninja" ] && echo 100 || echo 600)"
	mkdir -p "$MYNA_ROOT/.build" # for the lock
	step "building ($preset)"
	: >"$build_log"
	if ! watched "$build_log" "$BUILD_FAR" compile "$preset" "$@"; then
		if grep -qE 'npm.*(ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN)' "$build_log"; then
			die "the npm registry cannot be reached" "Check the network or 'npm config get registry', then run this again"
		fi
		if grep -qE 'npm.*(_CERT|CERT_)' "$build_log"; then
			die "npm does not trust the certificate that its registry shows" \
				"Behind a company's proxy, name the proxy's authority: NODE_EXTRA_CA_CERTS=/a/file.pem ./myna ..."
		fi
		if grep -q 'No space left on device' "$build_log"; then
			die "the disk is full" "Free about 1 GB, then run this again"
		fi
		if grep -q 'Killed signal terminated program' "$build_log"; then
			die "the compiler was killed, probably for want of memory" "Free some, or build with fewer jobs: CMAKE_BUILD_PARALLEL_LEVEL=1 ./myna build"
		fi
		step_abandon
		grep -E '(^|[: ])(fatal )?error:|CMake Error|ERR!' "$build_log" | head -8 >&2 || tail -20 "$build_log" >&2
		die "the build failed" "The whole output is in $build_log"
	fi
	step_done
}

build_release() {
	build release --target mynad mynactl myna-agent myna-voice myna-voice-http myna-wake myna_broker myna-vendors myna-robots \
		manuals completion
}
