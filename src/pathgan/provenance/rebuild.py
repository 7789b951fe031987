"""Tables and figures made once more, elsewhere, from the scores and images that are here; and their bytes compared."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pathgan.files import sha256_of
from pathgan.inside import why_outside
from pathgan.provenance.audit import Finding, Verdict
from pathgan.provenance.checksums import Disk, differ
from pathgan.provenance.places import record_path
from pathgan.provenance.records import ROOT, read_record
from pathgan.provenance.running import run_snakemake

LAST = ("tables", "figures")  # made from scores or images alone, nothing is trained or drawn at random
RULES = (
    *("tabulate", "tabulate_slides", "list_settings", "list_datasets", "compare", "draw"),
    *("decide", "draw_claims", "check_printed"),
)
REBUILT = (Verdict.OK, Verdict.TEXT_CHANGED, Verdict.STALE_CODE, Verdict.OTHER_ENVIRONMENT)


def rebuild(findings: Sequence[Finding], config: Mapping[str, object], disk: Disk) -> tuple[list[Finding], str]:
    """Makes every table and figure among `findings` again in a temporary folder.

    Returns one finding each that differs or cannot be made, and how many were made. Those that are not sound, or whose
    inputs are not sound or not here, are passed over: the audit has said so. config: what Snakemake was given.
    """
    unsound = {
        path for finding in findings if finding.verdict not in REBUILT for path in (finding.path, finding.culprit)
    }
    wanted = {finding.path for finding in findings if _is_last(finding.path)}
    inputs = {name: _inputs(name) for name in sorted(wanted - unsound)}
    names = [
        name
        for name, paths in inputs.items()
        if paths and not unsound & paths and not any(map(why_outside, paths)) and all(map(disk.sha256, paths))
    ]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "config").symlink_to(ROOT / "config")
        given = {path for name in names for path in inputs[name]} - set(names)  # a table that is made again is none
        for path in {path for path in given if not path.startswith("config/")}:
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).symlink_to(Path(path).resolve())
        _, said = run_snakemake(names, config, work, ["--allowed-rules", *RULES]) if names else (True, "")
        again = {name: sha256_of(work / name) if (work / name).is_file() else None for name in names}
    differing = [
        Finding(name, Verdict.MODIFIED, f"made again it has other bytes: {differ(disk.sha256(name), found)}")
        if found
        else Finding(name, Verdict.MODIFIED, f"could not be made again: {said}")
        for name, found in again.items()
        if found != disk.sha256(name)
    ]
    made = sum(found is not None for found in again.values())
    rest = "" if made == len(wanted) else "; the others, or what they are made from, are not sound or not here"
    return differing, f"{made} of {len(wanted)} tables and figures made again, {len(differing)} differ{rest}"


def _inputs(name: str) -> set[str]:
    entry = read_record(record_path(name))
    return set(entry["inputs"]) if entry else set()


def _is_last(name: str) -> bool:
    return len(Path(name).parts) == 5 and Path(name).parts[3] in LAST
