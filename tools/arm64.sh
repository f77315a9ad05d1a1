# shellcheck shell=sh
# arm64.sh - what it takes to build for arm64 robots on another machine: Debian's arm64 libraries in
# a folder of their own, so that neither this machine's packages nor its dpkg know of them.

ARM64_ROOT=$MYNA_ROOT/.build/arm64-root

# What the programs link, of all that they are built with.
arm64_packages() {
	printf '%s\n' libc6-dev
	# shellcheck disable=SC2086 # a list of words
	printf '%s\n' $PACKAGES_RUN | grep -e '-dev$' | sort
}

# apt for another architecture, on which nothing is installed: it only resolves and downloads.
arm64_apt() {
	apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o Dir::State="$ARM64_ROOT.apt/state" -o Dir::State::status="$ARM64_ROOT.apt/status" \
		-o Dir::Cache="$ARM64_ROOT.apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" \
		"$@" </dev/null >>"$INSTALL_LOG" 2>&1
}

# The links of a root lead to paths of that root.
turn_links() { # FOLDER
	find "$1" -type l -lname '/*' | while read -r link; do
		ln -sfrn "$1$(readlink "$link")" "$link"
	done
}

# dpkg's notes of what is unpacked, by the paths that it has here: dpkg-shlibdeps looks there for the packages
# that a library comes from (tools/package.sh).
note_arm64() {
	notes=$ARM64_ROOT/var/lib/dpkg
	mkdir -p "$notes/info" "$notes/updates"
	echo 1 >"$notes/info/format" # the names of its files say the architecture
	printf '%s\n' "$(dpkg --print-architecture)" arm64 >"$notes/arch"
	for package in "$ARM64_ROOT.apt/cache/archives/"*.deb; do
		name=$(dpkg-deb -f "$package" Package)
		[ "$(dpkg-deb -f "$package" Multi-Arch)" != same ] || name=$name:arm64
		rm -rf "$notes/control"
		dpkg-deb -e "$package" "$notes/control"
		awk '{ print } NR == 1 { print "Status: install ok installed" } END { print "" }' "$notes/control/control" >>"$notes/status"
		for file in symbols shlibs; do
			[ ! -f "$notes/control/$file" ] || mv "$notes/control/$file" "$notes/info/$name.$file"
		done
		# one of the two forms is real: /lib is /usr/lib here
		dpkg-deb --fsys-tarfile "$package" | tar -t | sed -e 's|^\.||' -e 's|/$||' -e "s|^|$ARM64_ROOT|" |
			sed -e "p; s|^$ARM64_ROOT/lib|$ARM64_ROOT/usr/lib|" | sort -u >"$notes/info/$name.list"
	done
	rm -rf "$notes/control"
}

unpack_arm64() {
	mkdir -p "$ARM64_ROOT/usr/lib" "$ARM64_ROOT/usr/bin" "$ARM64_ROOT/usr/sbin"
	for folder in lib bin sbin; do
		ln -s "usr/$folder" "$ARM64_ROOT/$folder"
	done
	for package in "$ARM64_ROOT.apt/cache/archives/"*.deb; do
		dpkg-deb --fsys-tarfile "$package" |
			tar -x -C "$ARM64_ROOT" --keep-directory-symlink --no-same-owner \
				--exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale' ||
			die "cannot unpack $package" "Remove $ARM64_ROOT.apt, then run this again"
	done
	turn_links "$ARM64_ROOT"
	note_arm64
	# what alternatives would do, which only an installed package sets; pocketsphinx wants them
	for library in blas lapack; do
		ln -s "$library/lib$library.so.3" "$ARM64_ROOT/usr/lib/aarch64-linux-gnu/lib$library.so.3"
	done
}

fetch_arm64() {
	wanted=$(arm64_packages | tr '\n' ' ')
	[ "$(cat "$ARM64_ROOT/packages" 2>/dev/null)" != "$wanted" ] || [ ! -f "$ARM64_ROOT/var/lib/dpkg/status" ] || return 0
	prepare_home
	INSTALL_LOG=$MYNA_HOME/log/install.log
	: >"$INSTALL_LOG"
	need_disk "$MYNA_ROOT" 1000
	step 'fetching arm64 libraries'
	rm -rf "$ARM64_ROOT" "$ARM64_ROOT.apt"
	mkdir -p "$ARM64_ROOT.apt/state/lists/partial" "$ARM64_ROOT.apt/cache/archives/partial"
	: >"$ARM64_ROOT.apt/status"
	arm64_apt update || apt_failed
	# shellcheck disable=SC2086 # a list of words
	arm64_apt --no-install-recommends --download-only install $wanted || apt_failed
	unpack_arm64
	rm -rf "$ARM64_ROOT.apt"
	printf '%s' "$wanted" >"$ARM64_ROOT/packages"
	step_done
}
