"""Typed, frozen configuration: papers are data."""

from pathgan.config.loading import load_paper, load_workflow
from pathgan.config.models import Paper, Workflow

__all__ = ["Paper", "Workflow", "load_paper", "load_workflow"]
