"""Snakemake, called by a command of ours on this machine, whatever profile its user has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pathgan.provenance.records import ROOT

SAID = 300  # characters of Snakemake's last words in a message


def run_snakemake(
    names: Sequence[str], config: Mapping[str, object], folder: Path, options: Sequence[str] = ()
) -> tuple[bool, str]:
    """Makes files in `folder`; returns whether all went well, and the end of what Snakemake said.

    config: what `snakemake --config` is to be given.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--cores", "all", "--keep-going", "--profile", "none", "--workflow-profile", "none"]
    command += ["--config", *(f"{key}={value}" for key, value in config.items())] if config else []
    environment = {key: value for key, value in os.environ.items() if key != "SNAKEMAKE_PROFILE"}
    done = subprocess.run(
        [*command, *options, "--", *names], capture_output=True, text=True, check=False, env=environment
    )
    return done.returncode == 0, " ".join((done.stdout + done.stderr).split())[-SAID:]
