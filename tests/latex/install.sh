#!/usr/bin/env bash
# The LaTeX that compiles the demo's tables. Installs it on Debian as root; else says what to install.
set -euo pipefail
if command -v pdflatex >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not found: pdflatex; the tests of LaTeX tables need it: on Debian, as root, the package texlive-latex-base" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends texlive-latex-base
