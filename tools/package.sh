# shellcheck shell=sh
# package.sh - the Debian packages: what packaging/deb says, built for an architecture.

PACKAGES_DIR=$MYNA_ROOT/.build/packages

run_package() { # [--arch ARCHITECTURE]
	arch=$(dpkg --print-architecture)
	while [ $# -gt 0 ]; do
		case $1 in
		--arch) [ $# -gt 1 ] || die '--arch needs an architecture behind it' 'There are amd64 and arm64' ;;
		*) die "package does not know '$1'" 'See ./myna help' ;;
		esac
		arch=$2
		shift 2
	done
	make_packages "$arch"
	for file in "$PACKAGES_DIR"/*_"$arch.deb"; do
		printf '  %8s  %s\n' "$(du -h --apparent-size "$file" | cut -f1)" "$file"
	done
}

make_packages() { # ARCHITECTURE
	case $1:$(dpkg --print-architecture) in
	amd64:amd64 | arm64:arm64)
		install_packages run
		preset=package
		;;
	arm64:amd64)
		. "$MYNA_ROOT/tools/arm64.sh"
		install_packages cross
		fetch_arm64
		preset='package-arm64'
		;;
	*) die "packages for '$1' cannot be built on this machine" 'Build for amd64 on amd64; for arm64 on either' ;;
	esac
	build "$preset"
	step "packing ($1)"
	pack_log=$MYNA_HOME/log/$preset.log
	rm -rf "$PACKAGES_DIR/_CPack_Packages" "$PACKAGES_DIR"/*_"$1.deb"
	if ! cpack_of "$1" --config "$MYNA_ROOT/.build/$preset/CPackConfig.cmake" -B "$PACKAGES_DIR" >"$pack_log" 2>&1; then
		step_abandon
		grep -E 'CMake Error|error:' -A 3 "$pack_log" | head -12 >&2
		die "the packages for $1 could not be made" "The whole output is in $pack_log"
	fi
	rm -rf "$PACKAGES_DIR/_CPack_Packages"
	# CPack goes on when dpkg-shlibdeps knows no package of any library
	for file in "$PACKAGES_DIR"/*_"$1.deb"; do
		dpkg-deb -f "$file" Depends | grep -qw libc6 || die "$file does not say what it needs" "See $pack_log"
	done
	step_done
}

# What dpkg-shlibdeps must know of the libraries of another architecture lies beside them.
cpack_of() { # ARCHITECTURE ARGUMENTS...
	cpack_arch=$1
	shift
	if [ "$cpack_arch" = "$(dpkg --print-architecture)" ]; then
		cpack "$@"
	else
		DPKG_ADMINDIR=$ARM64_ROOT/var/lib/dpkg DEB_HOST_ARCH=$cpack_arch cpack "$@"
	fi
}
