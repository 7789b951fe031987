"""What weights say of themselves."""

from __future__ import annotations

from pathlib import Path

from safetensors import safe_open


def facts_of(path: Path) -> dict[str, str]:
    """What must be said beside all that is made with these weights; nothing of an undisturbed training."""
    with safe_open(path, framework="numpy") as file:
        return dict(file.metadata() or {})
