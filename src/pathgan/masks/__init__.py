"""Maps of nuclei: contours, distance maps, skeleton maps, and random nucleus-like polygons."""

from pathgan.masks.maps import (
    CONDITIONS,
    condition_map,
    contours,
    distance_map,
    mask_map,
    separated,
    skeleton,
    skeleton_map,
)
from pathgan.masks.polygons import polygon_masks, random_polygons

__all__ = [
    "CONDITIONS",
    "condition_map",
    "contours",
    "distance_map",
    "mask_map",
    "polygon_masks",
    "random_polygons",
    "separated",
    "skeleton",
    "skeleton_map",
]
