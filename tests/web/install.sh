#!/bin/sh
# Installs what the web tests need, as package-lock.json pins it; does nothing when that is done.
set -eu
cd "$(dirname "$0")"
done=$(find node_modules/.package-lock.json -newer package-lock.json 2>/dev/null || true)
[ -n "$done" ] || npm ci
