"""What to make again so that an audit passes, from what the audit found; and doing exactly that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pathgan.errors import ProvenanceError
from pathgan.files import move_all
from pathgan.inside import why_outside
from pathgan.provenance.audit import PASSING, Finding
from pathgan.provenance.places import ASIDE, CONFIG, CRATE, RESULTS, record_path
from pathgan.provenance.records import Record, read_record, seconds_of
from pathgan.provenance.running import run_snakemake

ROUNDS = 12  # of making again what follows from what was made again: more than a chain of artefacts has links
OPTIONS = ("--rerun-triggers", "input", "--rerun-incomplete", "--max-checksum-file-size", "10GB")
Audit = Callable[[], Sequence[Finding]]
RuleOf = Callable[[str], str]


@dataclass(frozen=True)
class Repair:
    """remake: artefact -> why, and how long its job took if that is known. by_hand: file -> what is wrong with it."""

    remake: dict[str, str]
    by_hand: dict[str, str]


def plan_repair(findings: Sequence[Finding], rule_of: RuleOf) -> Repair:
    """What is not sound, and who can mend it. rule_of: the rule that makes an artefact, '' where none does.

    Raw files that changed or went are for a person: to make results from other bytes would be another result.
    """
    bad = [finding for finding in findings if finding.verdict not in PASSING]
    by_hand = {_culprit(one): _why(one) for one in bad if _is_raw(one)}
    by_hand |= {one.path: f"{_why(one)}; {_no_rule(one.path)}" for one in bad if not rule_of(one.path)}
    blocked = {one.path for one in bad if one.path in by_hand or _culprit(one) in by_hand}
    remake = {one.path: _why(one) for one in reversed(bad) if one.path not in blocked}
    lost = {one.path for one in bad if one.path in blocked and not one.culprit}
    while held := [name for name in remake if lost & _read_by(name)]:
        by_hand |= {name: f"{remake.pop(name)}; what it is made from cannot be made again" for name in held}
        lost.update(held)
    return Repair({name: f"{why}{_cost(name)}" for name, why in sorted(remake.items())}, dict(sorted(by_hand.items())))


def do_repair(audit: Audit, rule_of: RuleOf, config: Mapping[str, object], now: datetime) -> list[str]:
    """Sets aside what is not sound, makes it again, and whatever an audit then finds no longer to fit.

    audit: of what is to be repaired, anew each time. Returns the artefacts that were made again. Raises ProvenanceError
    where Snakemake fails; what was set aside stays in `results/aside`.
    """
    if any(Path(".snakemake/locks").glob("*.lock")):
        raise ProvenanceError("nothing done: Snakemake runs here, or was killed; wait, or call snakemake --unlock")
    made: list[str] = []
    for round_ in range(ROUNDS):
        names = sorted(plan_repair(audit(), rule_of).remake)
        if not names:
            return made
        if again := sorted(set(names) & set(made)):
            raise ProvenanceError(f"{again[0]}: is not sound although it was made again; see pathgan audit {again[0]}")
        place = Path(RESULTS, ASIDE, f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{round_}")
        _set_aside(names, place)
        rules = sorted({rule_of(name) for name in names})  # no other one runs, whatever times of files say
        went_well, said = run_snakemake(names, config, Path(), [*OPTIONS, "--allowed-rules", *rules])
        if not went_well:
            raise ProvenanceError(f"Snakemake failed: {said} (what was there lies in {place})")
        made += names
    raise ProvenanceError(f"still not sound after {ROUNDS} rounds; see pathgan audit")


def _set_aside(names: Sequence[str], place: Path) -> None:
    """Moves artefacts away, with all that their jobs made and the records of it."""
    outputs = {output for name in names for output in _of_one_job(name)}
    paths = [path for output in sorted(outputs | set(names)) for path in (Path(output), record_path(output))]
    move_all(Path(RESULTS), place, [str(path.relative_to(RESULTS)) for path in paths if path.is_file()])


def _of_one_job(name: str) -> set[str]:
    """What a job made, as far as all its records agree: none of them can take another job's artefact along."""
    entry = _record(name)
    outputs = set(entry["outputs"]) if entry else {name}
    records = {output: _record(output) for output in outputs if not why_outside(output)}
    return {output for output, own in records.items() if own and set(own["outputs"]) == outputs}


def _culprit(finding: Finding) -> str:
    return finding.culprit or finding.path


def _is_raw(finding: Finding) -> bool:
    """Whether the culprit is data: neither a result nor, of what is stale, code or configuration."""
    ours = _culprit(finding).startswith((f"{RESULTS}/", f"{CONFIG}/"))
    return not ours and not finding.verdict.startswith("stale")


def _no_rule(name: str) -> str:
    return "call pathgan crate" if Path(name).name == CRATE else "nothing makes it here: move it away"


def _why(finding: Finding) -> str:
    return f"{finding.verdict}: {finding.detail}" if finding.detail else str(finding.verdict)


def _record(name: str) -> Record | None:
    try:
        return read_record(record_path(name))
    except ProvenanceError:
        return None


def _read_by(name: str) -> set[str]:
    entry = _record(name)
    return set(entry["inputs"]) if entry else set()


def _cost(name: str) -> str:
    entry = _record(name)
    return f" (its job took {seconds_of(entry):.0f} s)" if entry else ""
