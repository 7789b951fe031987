"""Letters for panels and notes: a, ..., z, aa, ab, ..."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, product
from string import ascii_lowercase


def letters() -> Iterator[str]:
    """Never the same twice, shorter ones first."""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))
