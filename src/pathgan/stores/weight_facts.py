"""What weights say of themselves, and pass on to all that is made with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from pathgan.errors import DataError


def facts_of(path: Path) -> dict[str, str]:
    """What must be said beside all that is made with these weights; nothing of an undisturbed training.

    Raises DataError for a file that is damaged.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable file of weights ({error}); see pathgan repair {path}") from error


def merged(facts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What several say together: each word of a fact once."""
    words: dict[str, dict[str, None]] = {}
    for one in facts:
        for name, said in one.items():
            words.setdefault(name, {}).update(dict.fromkeys(said.split()))
    return {name: " ".join(said) for name, said in words.items()}
