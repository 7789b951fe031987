"""Settings as trees of JSON: where they differ, and paths in them that may have moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def relocated(value: Any, data_root: str) -> Any:
    """A tree of JSON with paths below `data_root` as they are within it."""
    if isinstance(value, dict):
        return {name: relocated(one, data_root) for name, one in value.items()}
    if isinstance(value, list):
        return [relocated(one, data_root) for one in value]
    if isinstance(value, str) and value.startswith(f"{data_root}/"):
        return f"data_root/{value.removeprefix(f'{data_root}/')}"
    return value


def differences(then: Any, now: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Dotted name, value then and value now, of each leaf in which two trees of JSON differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            yield from differences(then.get(name), now.get(name), f"{key}.{name}" if key else name)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for number, pair in enumerate(zip(then, now, strict=True)):
            yield from differences(*pair, f"{key}.{number}")
    elif then != now:
        yield key, _short(then), _short(now)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
