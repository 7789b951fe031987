"""Tables and figures made once more, elsewhere, from the scores and images that are here; and their bytes compared."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.files import sha256_of
from pathgan.provenance.audit import Finding, Verdict, differ
from pathgan.provenance.places import record_path
from pathgan.provenance.records import ROOT, read_record

LAST = ("tables", "figures")  # made from scores or images alone, nothing is trained or drawn at random


def rebuild(findings: Iterable[Finding]) -> list[Finding]:
    """Makes every table and figure among `findings` again in a temporary folder; one finding each that differs.

    Raises ProvenanceError where Snakemake fails.
    """
    names = sorted({finding.path for finding in findings if _is_last(finding.path) and Path(finding.path).exists()})
    entries = {name: read_record(record_path(name)) for name in names}
    inputs = {path for entry in entries.values() if entry for path in entry["inputs"]}
    names = [name for name, entry in entries.items() if entry and all(Path(path).exists() for path in entry["inputs"])]
    if not names:
        return []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "config").symlink_to(ROOT / "config")
        for path in inputs:
            if Path(path).exists() and not path.startswith("config/"):
                (work / path).parent.mkdir(parents=True, exist_ok=True)
                (work / path).symlink_to(Path(path).resolve())
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", folder]
        rules = ["--allowed-rules", "tabulate", "tabulate_slides", "list_settings", "draw"]
        done = subprocess.run(
            [*command, "--cores", "all", "--quiet", "all", *rules, "--", *names],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProvenanceError(f"tables and figures cannot be made again: {done.stderr.strip()[-2000:]}")
        pairs = [(name, sha256_of(name), sha256_of(work / name)) for name in names]
    return [
        Finding(name, Verdict.MODIFIED, f"made again it has other bytes: {differ(here, again)}")
        for name, here, again in pairs
        if here != again
    ]


def _is_last(name: str) -> bool:
    return len(Path(name).parts) == 5 and Path(name).parts[3] in LAST
