"""What Snakemake's lines tell of its jobs, and the stage that each job belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pathgan.errors import PathganError

STAGES = {  # file of rules, or how names of rules begin that are made for each recipe -> what its jobs make
    "data": "data",
    "slides": "slides",
    "train": "training",
    "sample": "samples",
    "compose": "samples",
    "masks": "nuclei",
    "score": "scores",
    "render": "tables and figures",
    "claims": "claims",
    "page": "page",
}
ALL_PAPERS = "all papers"  # stands for the paper of a job that is of several
_OPENING = re.compile(r"^\s*(?:local)?(?:rule|checkpoint) (\w+):$")
_FIELD = re.compile(r"^\s+(jobid|wildcards|resources): (.*)$")
_PAPER = re.compile(r"\bpaper=([^,\s]+)")
_ENDING = re.compile(r"^\s*Finished jobid: (\d+) ")


class Job(NamedTuple):
    """A job of a rule. paper: ALL_PAPERS where it is of several."""

    number: int
    rule: str
    paper: str


class Finished(NamedTuple):
    """A job that ended well."""

    number: int


def told(lines: Iterable[str]) -> Iterator[Job | Finished]:
    """The jobs that begin and end, as Snakemake says so; of a dry run, those that it plans.

    What it says of a job begins with the rule and ends with the resources.
    """
    rule, fields = "", dict[str, str]()
    for line in lines:
        if opening := _OPENING.match(line):
            rule, fields = opening[1], {}
        elif field := _FIELD.match(line):
            fields[field[1]] = field[2]
        elif ending := _ENDING.match(line):
            yield Finished(int(ending[1]))
        if rule and "resources" in fields and "jobid" in fields:
            paper = _PAPER.search(fields.get("wildcards", ""))
            yield Job(int(fields["jobid"]), rule, paper[1] if paper else ALL_PAPERS)
            rule = ""


class Stages:
    """Rule -> stage, by the file that the rule stands in. rules: the folder of the files."""

    def __init__(self, rules: Path):
        self._of: dict[str, str] = {}
        for file in sorted(rules.glob("*.smk")):
            for name in re.findall(r"^rule (\w+):", file.read_text(encoding="utf-8"), re.MULTILINE):
                self._of[name] = STAGES.get(file.stem, file.stem)
        if not self._of:
            raise PathganError(f"{rules}: no rules there; run it in a checkout of pathgan")

    def __getitem__(self, rule: str) -> str:
        """`train_paired` is made for a recipe, and stands in no file by that name."""
        return self._of.get(rule) or STAGES.get(rule.partition("_")[0], rule)
