#!/bin/sh
# What the tests need from the system: a Chromium for the pages, PostgreSQL for the store. Installed on Debian as root,
# otherwise named.
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing $missing for the tests"
    # shellcheck disable=SC2086
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null && exit 0
fi
echo "Not here: $missing. The tests that need it will be skipped. On Debian: sudo apt-get install $missing"
