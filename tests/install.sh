#!/usr/bin/env bash
# tests/install.sh COMMAND PACKAGE: what some tests need. Installs it on Debian as root; else says what to install.
set -euo pipefail
if command -v "$1" >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not found: $1; these tests need it: on Debian, as root, the package $2" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"
