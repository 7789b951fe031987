"""Each claim of a paper with its verdict, and the comparisons behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.comparing import Comparison, compare
from pathgan.claims.evidence import LEVELS, SAYS_NOTHING, Level, weakest
from pathgan.claims.reading_scores import reading_of
from pathgan.claims.rules import FEWEST_SEEDS, FEWEST_VALUES, levels_off, outcome, outcome_of_lead, p_of, together
from pathgan.config.claim_pairs import Pair, deciding_pairs
from pathgan.config.claim_types import Claim, Claims, Contrast, Course, Rule
from pathgan.errors import TableError
from pathgan.intervals import holm
from pathgan.render.comparisons import data_verdict
from pathgan.stores.dataset_counts import read_counts

Verdict = Literal["supported", "contradicted", "undecided", "untestable here"]
TOLD_APART = 0.15  # of the share of pairs, from one half: less is not told apart; 90 pairs show as much
UNTESTABLE: Verdict = "untestable here"
BY_ARITHMETIC: dict[str, Verdict] = {"yes": "supported", "partly": "contradicted", "no": "contradicted"}


@dataclass(frozen=True)
class Decision:
    """A claim and its verdict. evidence: on what it rests; None where there is nothing. shown: of its comparisons the
    one that decides, or is least in its favour. p: of the one that is least in its favour. p_holm: the same corrected
    for n_tests of the paper; NaN where another comparison decides, and of implied claims."""

    id: str
    claim: Claim
    verdict: Verdict
    evidence: Level | None = None
    comparisons: Sequence[Comparison] = field(default=())
    shown: Comparison | None = None
    notes: Sequence[str] = field(default=())
    p: float = np.nan
    p_holm: float = np.nan
    n_tests: int = 1


def decide(inputs: ClaimInputs) -> list[Decision]:
    """Every claim, in the order of its file. Raises TableError for scores that do not fit together."""
    claims = Claims.model_validate(inputs.claims)
    drafts = [_draft(name, claim, claims, inputs) for name, claim in claims.claims.items()]
    tested = [one for one in drafts if one.verdict != UNTESTABLE and not np.isnan(one.p) and not one.claim.implied]
    corrected = dict(zip((one.id for one in tested), holm([one.p for one in tested]), strict=True))
    return [_judged(one, corrected.get(one.id, one.p), len(corrected) if one.id in corrected else 1) for one in drafts]


def _judged(draft: Decision, p_holm: float, n_tests: int) -> Decision:
    """With the verdict of its comparisons, now that p is corrected for the other claims."""
    if draft.verdict == UNTESTABLE or draft.shown is None:
        return draft
    outcomes = [outcome(draft.claim.rule, one.found, one.margin, p_holm) for one in draft.comparisons]
    verdict: Verdict = together(outcomes)
    if verdict == "supported" and draft.verdict == "undecided":  # by those that there are; others lack
        verdict = "undecided"
    falls = [one for one, word in zip(draft.comparisons, outcomes, strict=True) if word == "contradicted"]
    p_holm = np.nan if draft.claim.implied or (falls and draft.shown not in falls) else p_holm
    shown = draft.shown if draft.shown in falls or not falls else falls[0]
    return replace(draft, verdict=verdict, shown=shown, p_holm=p_holm, n_tests=n_tests)


def _draft(name: str, claim: Claim, claims: Claims, inputs: ClaimInputs) -> Decision:
    """Whether it can be tested, and its comparisons; of verdicts that they decide, `supported` where none lacks."""
    if name in inputs.readings and (read := _by_readers(name, claim, inputs)):
        return read
    if claim.needs:
        return Decision(name, claim, UNTESTABLE, notes=[f"needs {claim.needs}"])
    if claim.by_arithmetic:
        printed = inputs.printed[name]
        return Decision(name, claim, BY_ARITHMETIC[printed["supports"]], LEVELS[0], notes=printed["why"])
    if claim.counted:
        return _by_counts(name, claim, inputs)
    if claim.course:
        return _by_course(name, claim, claim.course, inputs)
    pairs, lacking = deciding_pairs(claim, inputs.cells)
    lacks = [f"no {row} / {column} in {table} (preset {inputs.preset})" for table, row, column in lacking[:1]]
    if not pairs:
        return Decision(name, claim, UNTESTABLE, notes=lacks)
    try:
        compared = [compare(name, claim, claims, pair, inputs) for pair in pairs]
    except TableError as error:
        raise TableError(f"claim {name}: {error}") from None
    level, least = weakest(one.level for one in compared), max(compared, key=_least_in_favour)
    barred = [one.barred for one in compared if one.barred]
    if claim.rule == "close" and level != LEVELS[-1]:
        barred.append("values are compared on the paper's data and settings alone")
    told = [*barred, *(text for one in compared if one.level == level for text in one.told)]
    is_open = not barred and (level not in SAYS_NOTHING or (claim.general and level == "stand-in data"))
    proxy = ["by proxy"] if claim.kind == "visual" and is_open else []
    lacks += [f"without {claim.lacks}"] if claim.lacks else []
    return Decision(
        name,
        claim,
        UNTESTABLE if not is_open else "undecided" if lacks else "supported",
        level,
        compared,
        least,
        list(dict.fromkeys([*proxy, *told, *lacks])),
        least.p,
    )


def _least_in_favour(one: Comparison) -> tuple[float, float]:
    return (np.inf if np.isnan(one.p) else one.p, -one.found.effect)


def _by_counts(name: str, claim: Claim, inputs: ClaimInputs) -> Decision:
    """Of a claim about how many images there are: ours are counted."""
    absent = [name for name in claim.counted if name not in inputs.datasets]
    if absent:
        return Decision(name, claim, UNTESTABLE, notes=[f"no dataset {absent[0]} (preset {inputs.preset})"])
    level, told = inputs.level_of_data(claim.counted)
    if level != LEVELS[-1]:  # other images, or not all of them
        return Decision(name, claim, UNTESTABLE, level, notes=told)
    differ = []
    for dataset in claim.counted:
        one = inputs.datasets[dataset]
        differ += data_verdict(one["label"], read_counts(one["counts"]), one["counted"])[1]
    return Decision(name, claim, "contradicted" if differ else "supported", level, notes=differ)


def _by_readers(name: str, claim: Claim, inputs: ClaimInputs) -> Decision | None:
    """Of a visual claim that readers of unlabelled pairs have answered; None where they were not asked about it."""
    reading, given = claim.reading, inputs.readings[name]
    assert reading is not None
    read = reading_of(name, Path(given["key"]), [Path(file) for file in given["answers"]])
    if read is None:
        return None
    found, n_pairs = read
    rule: Rule = "equal" if reading.alike else "better"
    asked = Contrast(table="reading", a=reading.of, b=(reading.against,), columns=("chosen",))
    ours, theirs = (("reading", of, "chosen") for of in (reading.of, reading.against))
    level, told = inputs.level(given["behind"])
    margin = TOLD_APART if reading.alike else np.nan
    p = p_of(rule, found, margin)
    pair = Pair(asked, "chosen", reading.against, ours, theirs, 0)
    one = Comparison(pair, "share chosen less 1/2", found, margin, p, level, told, "", np.nan)
    verdict: Verdict = UNTESTABLE if level in SAYS_NOTHING else "undecided" if reading.part else "supported"
    notes = [f"by {found.seeds} reader(s) of {n_pairs} pairs", *([f"of {reading.part}"] if reading.part else []), *told]
    return Decision(name, claim.model_copy(update={"by": rule}), verdict, level, [one], one, notes, p)


def _by_course(name: str, claim: Claim, course: Course, inputs: ClaimInputs) -> Decision:
    """Of a claim about whole trainings."""
    names = [f"{run}/{course.export}" for run in course.runs]
    lacking = [run for run, known in zip(course.runs, names, strict=True) if known not in inputs.courses]
    if lacking:
        return Decision(name, claim, UNTESTABLE, notes=[f"no run {lacking[0]} (preset {inputs.preset})"])
    level, told = inputs.level([inputs.courses[known]["behind"] for known in names])
    ours = inputs.course(names[0])
    if not course.b and min(map(len, ours)) < FEWEST_VALUES:
        told = [f"{min(map(len, ours))} values of a training, fewer than {FEWEST_VALUES}"]
        return Decision(name, claim, UNTESTABLE, level, notes=told)
    shares = dict(_shares(name, course, ours, inputs))
    outcomes = [outcome_of_lead(of_seeds) for of_seeds in shares.values()]
    what = min(shares, key=lambda name: float(np.mean(shares[name])))
    notes = [f"{what}: {float(np.mean(shares[what])):.0%}", *told]
    if len(ours) < FEWEST_SEEDS:
        notes.append(f"{len(ours)} seed{'s' if len(ours) != 1 else ''}")
    return Decision(name, claim, UNTESTABLE if level in SAYS_NOTHING else together(outcomes), level, notes=notes)


def _shares(
    name: str, course: Course, ours: Sequence[pd.DataFrame], inputs: ClaimInputs
) -> Iterator[tuple[str, list[float]]]:
    """Of each run and measure, in words, the share per seed: of evaluations at which `a` leads it; or of trainings that
    level off. Raises TableError for a measure that a training does not tell."""
    others = {run: inputs.course(f"{run}/{course.export}") for run in course.b}
    for measure, better in course.measures.items():
        for frame in (*ours, *(one for of in others.values() for one in of)):
            if measure not in frame:
                raise TableError(f"claim {name}: no {measure!r} in {course.export}; there are: {', '.join(frame)}")
        for run, theirs in others.items():
            sign = 1 if better == "higher" else -1
            led = []
            for pair in zip(ours, theirs, strict=True):
                one, other = (frame.set_index("iteration")[measure] for frame in pair)
                led.append(float((sign * (one - other).dropna() > 0).mean()))
            yield f"ahead of {run} in {measure}, share of evaluations", led
        if not course.b:
            yield f"{measure} levels off, share of trainings", [float(levels_off(one[measure])) for one in ours]
