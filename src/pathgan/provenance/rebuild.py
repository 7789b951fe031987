"""Tables and figures made once more, elsewhere, from the scores and images that are here; and their bytes compared."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.files import sha256_of
from pathgan.provenance.audit import Finding, Verdict, differ
from pathgan.provenance.places import record_path
from pathgan.provenance.records import ROOT, read_record

LAST = ("tables", "figures")  # made from scores or images alone, nothing is trained or drawn at random
RULES = ("tabulate", "tabulate_slides", "list_settings", "draw")
REBUILT = (Verdict.OK, Verdict.STALE_CODE, Verdict.STALE_CONFIGURATION)


def rebuild(findings: Iterable[Finding], config: Mapping[str, object]) -> list[Finding]:
    """Makes every table and figure among `findings` again in a temporary folder; one finding each that differs.

    Those whose record or inputs are not sound, or not here, are passed over: the audit has said so. config: what
    Snakemake was given. Raises ProvenanceError where it fails.
    """
    unsound = {finding.path for finding in findings if finding.verdict not in REBUILT}
    entries = {
        finding.path: read_record(record_path(finding.path))
        for finding in findings
        if finding.path not in unsound and _is_last(finding.path)
    }
    inputs = {name: [Path(path) for path in entry["inputs"]] for name, entry in sorted(entries.items()) if entry}
    names = [name for name, paths in inputs.items() if all(path.exists() for path in paths)]
    if not names:
        return []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "config").symlink_to(ROOT / "config")
        for path in {path for name in names for path in inputs[name] if path.parts[0] != "config"}:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).symlink_to(path.resolve())
        _make(names, work, config)
        pairs = [(name, sha256_of(name), sha256_of(work / name)) for name in names]
    return [
        Finding(name, Verdict.MODIFIED, f"made again it has other bytes: {differ(here, again)}")
        for name, here, again in pairs
        if here != again
    ]


def _make(names: Sequence[str], work: Path, config: Mapping[str, object]) -> None:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(work)]
    settings = ["--config", *(f"{key}={value}" for key, value in config.items())] if config else []
    options = ["--cores", "all", "--quiet", "all", *settings, "--allowed-rules", *RULES, "--"]
    done = subprocess.run([*command, *options, *names], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ProvenanceError(f"tables and figures cannot be made again: {done.stderr.strip()[-2000:]}")


def _is_last(name: str) -> bool:
    return len(Path(name).parts) == 5 and Path(name).parts[3] in LAST
