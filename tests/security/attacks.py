"""What an attack is, for the tests that try them and for the table in docs/security.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attack:
    """do: tries it, on what a test gives it. said: what the one message must match, '' where nothing is refused.

    verdict: of the table in the docs.
    """

    do: Callable[..., Any]
    said: str = ""
    verdict: str = "refused"
