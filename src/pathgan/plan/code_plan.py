"""Which code makes a file: of a rule's script, and of the modules that its kind of run, score or figure names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from pathgan.provenance.closure import CodeTree


class CodePlan:
    """Answers with the parameter `code` of the rules: a digest, and the roots that it is of."""

    def __init__(self, root: Path):
        tree = CodeTree(root)
        self._digest = lru_cache(maxsize=None)(lambda roots: tree.state(roots)["digest"])

    def __call__(self, script: str, workers: Callable[[Any], Iterable[str]] | None = None) -> Callable[[Any], Any]:
        """A function of wildcards. workers: the modules that a job imports by name, of the kind that it works for."""

        def params(w: Any) -> dict[str, Any]:
            roots = (f"scripts/{script}.py", *(sorted(set(workers(w))) if workers else ()))
            return {"digest": self._digest(roots), "roots": list(roots)}

        return params


def kind_name(entry: Any) -> str:
    """The class of an entry, as `config.strict.class_named` wants it."""
    return f"{type(entry).__module__}:{type(entry).__qualname__}"


def worker_of(entry: Any, module: str) -> list[str]:
    """The module that an entry's type lies in, and the one that works for it."""
    return [type(entry).__module__, module]
