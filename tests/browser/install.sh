#!/usr/bin/env bash
# The browser that looks at the front page. Installs it on Debian as root; else says what to install.
set -euo pipefail
if command -v chromium >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not found: chromium; the tests of the front page need it: on Debian, as root, the package chromium" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
