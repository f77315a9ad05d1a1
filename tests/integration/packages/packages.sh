#!/bin/sh
# The Debian packages are installed, upgraded, removed and purged in a bare Debian 12 of their own.
#
# usage: packages.sh SOURCE; "./myna package" has built them. 77: this user may not make a root.
set -eu
MYNA_ROOT=$1
MYNA_HOME=${MYNA_HOME:-$MYNA_ROOT/.myna}
export MYNA_ROOT MYNA_HOME
. "$MYNA_ROOT/tools/common.sh"
. "$MYNA_ROOT/tools/root.sh"
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null 2>&1 || ! unshare --mount --pid --fork true 2>/dev/null; then
	echo "needs root, namespaces, and debootstrap: ./myna test --all installs it"
	exit 77
fi
arch=$(dpkg --print-architecture)
for name in myna-server myna-agent mynactl; do
	set -- "$MYNA_ROOT/.build/packages/${name}_"*"_$arch.deb"
	[ -f "$1" ] || { echo "$name is not built: ./myna package" && exit 1; }
done

set -- "$MYNA_ROOT/.build/packages/"*"_$arch.deb"
lintian --allow-root --fail-on error,warning "$@"

bare_debian bookworm
in_root "$ROOT" memory sh /mnt/source/tests/integration/packages/inside.sh "$arch"
sh "$MYNA_ROOT/tests/integration/packages/foreign.sh" "$MYNA_ROOT"
