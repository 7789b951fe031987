#!/usr/bin/env bash
# SLURM's daemons, for the tests. Installs them on Debian as root; else says what to install.
set -euo pipefail
packages=(slurm-wlm munge slurmdbd mariadb-server)
missing=()
for program in slurmctld slurmd munged slurmdbd mariadbd; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "not found: ${missing[*]}; the tests on SLURM need root and, on Debian, the packages: ${packages[*]}" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
