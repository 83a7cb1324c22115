#!/bin/sh
# Install Debian packages that are missing, where this may be done (root, apt); quiet when there
# is nothing to do.  --optional: say what is skipped instead of failing.
set -u
optional=
[ "${1:-}" = --optional ] && { optional=1; shift; }

missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' \
        || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    echo "installing$missing …"
    apt-get -qq update >/dev/null 2>&1
    if apt-get -qq install -y --no-install-recommends $missing >/dev/null 2>&1; then
        exit 0
    fi
    # one that cannot be had must not cost the others
    left=
    for package in $missing; do
        apt-get -qq install -y --no-install-recommends "$package" >/dev/null 2>&1 \
            || left="$left $package"
    done
    [ -z "$left" ] && exit 0
    missing=$left
fi

if [ -n "$optional" ]; then
    echo "not installed:$missing (tests that need them are skipped)"
    exit 0
fi
echo "missing:$missing; install with: apt install$missing" >&2
exit 1
