# shellcheck shell=sh
# debian13.sh - the release build and the unit tests with Debian 13's compilers and libraries, in a bare Debian 13. The
# root, its packages and the build stay in $MYNA_HOME/roots for the next time.

test_debian13() {
	[ "$(id -u)" = 0 ] || die 'a Debian 13 of its own needs root' 'Run this as root'
	install_packages packages
	. "$MYNA_ROOT/tools/root.sh"
	bare_debian trixie
	layer=$ROOT.build
	log=$MYNA_HOME/log/debian13.log
	# shellcheck disable=SC2046,SC2086 # a list of words; the database has another number there
	set -- $(printf '%s\n' $PACKAGES_RUN | sed 's/^postgresql-15$/postgresql/')
	step 'Debian 13: packages'
	need_disk "$MYNA_HOME" 3000
	in_root "$ROOT" "$layer" sh -c 'apt-get -q update && apt-get -q -y -o APT::Sandbox::User=root \
		-o APT::Keep-Downloaded-Packages=true install --no-install-recommends "$@"' sh "$@" >"$log" 2>&1 ||
		die 'Debian 13 does not have what the build needs' "The output is in $log"
	step_done
	step 'Debian 13: build'
	in_root "$ROOT" "$layer" sh -c 'cmake -S /mnt/source -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_INSTALL_PREFIX=/usr && cmake --build /build' >"$log" 2>&1 || {
		step_abandon
		grep -E '(fatal )?error:|CMake Error' "$log" | head -8 >&2
		die 'the tree does not build on Debian 13' "The whole output is in $log"
	}
	step_done "$(in_root "$ROOT" "$layer" cc --version | head -n 1)"
	in_root "$ROOT" "$layer" ctest --test-dir /build -L unit --parallel "$(nproc)" --output-on-failure
}
