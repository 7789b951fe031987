"""What `pathgan reading` asks of the plan of this checkout."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import yaml

from pathgan.claims.reading_page import Question
from pathgan.config.loading import load_workflow
from pathgan.errors import ConfigError
from pathgan.plan.workflow_plan import Plan

CONFIG = "config/config.yaml"


def reading_asked(paper: str, preset: str, root: Path) -> tuple[list[Question], str, Path]:
    """The questions of a paper's visual claims, its title, and the folder of the reading.

    Raises ConfigError for a paper or a preset that there is not, and where no visual claim of it asks readers.
    """
    plan = Plan(load_workflow(yaml.safe_load((root / CONFIG).read_text(encoding="utf-8"))), root)
    if paper not in plan.papers:
        raise ConfigError(f"no paper {paper!r}; there are: {', '.join(plan.papers)}")
    if preset not in plan.library.presets(paper):
        raise ConfigError(f"--preset: {paper} has {', '.join(plan.library.presets(paper))}, got {preset!r}")
    w = SimpleNamespace(preset=preset, paper=paper)
    questions = plan.readings.questions(w)
    if not questions:
        raise ConfigError(f"config/claims/{paper}.yaml (preset {preset}): no claim asks readers; give one a `reading`")
    return questions, plan.claims.title(w), plan.readings.folder(w)
