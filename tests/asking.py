"""Asking a plan as rules do: wildcards, and which rule a path belongs to."""

import re
from types import SimpleNamespace


def images_of(plan, wildcards):
    return plan.training.inputs(wildcards)["images"]


def w(**wildcards):
    return SimpleNamespace(**{"preset": "demo", "paper": "sharpgan", "seed": "0", **wildcards})


def rules_of(patterns, path):
    """The names of the patterns that a path below `results/` fits."""
    return [name for name, pattern in patterns.items() if re.match(pattern, path)]
