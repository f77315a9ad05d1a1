#!/bin/sh
# root_enter.sh ROOT LAYER COMMAND... - what in_root of root.sh does inside its namespaces.
set -eu
root=$1
layer=$2
shift 2
mount --make-rprivate /
if [ "$layer" = memory ]; then
	layer=$(mktemp -d)
	mount -t tmpfs -o mode=755 layer "$layer"
fi
mkdir -p "$layer/upper" "$layer/work" "$layer/all"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" "$layer/all"
mount -t proc proc "$layer/all/proc"
mount --rbind /dev "$layer/all/dev"
mount --bind "$root.debs" "$layer/all/var/cache/apt/archives"
mkdir -p "$root.debs/partial" "$layer/all/mnt/source"
if [ -n "${MYNA_ROOT:-}" ]; then
	mount --bind "$MYNA_ROOT" "$layer/all/mnt/source"
fi
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
	DEBIAN_FRONTEND=noninteractive chroot "$layer/all" "$@"
