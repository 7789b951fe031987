"""Whole slides: reading, tiling, and the registration of serial sections."""

from importlib import import_module
from typing import Any

# Name -> module. Loaded when asked for: a job that needs one of them does not depend on the code of all.
_HOMES = {
    "open_slide": "reading",
    "register": "registration",
    "tile_slide": "tiling",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
