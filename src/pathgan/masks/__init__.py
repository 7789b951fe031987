"""Nuclei by their colours; maps of nuclei: contours, distance maps, skeleton maps; random nucleus-like polygons."""

from importlib import import_module
from typing import Any

# Name -> module. Loaded when asked for: a job that needs one of them does not depend on the code of all.
_HOMES = {
    "CONDITIONS": "maps",
    "condition_map": "maps",
    "contours": "maps",
    "distance_map": "maps",
    "mask_map": "maps",
    "polygon_masks": "polygon_maps",
    "random_polygons": "polygon_maps",
    "segment_nuclei": "colour_nuclei",
    "separated": "maps",
    "skeleton": "maps",
    "skeleton_map": "maps",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
