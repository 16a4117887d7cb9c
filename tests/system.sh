#!/bin/sh
# What the tests need from the system: a Chromium for the pages. Installed on Debian as root, otherwise named.
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium for the browser tests"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "No chromium here: the browser tests will be skipped. On Debian: sudo apt-get install chromium"
