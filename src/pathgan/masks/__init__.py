"""Nuclei by their colours; maps of nuclei: contours, distance maps, skeleton maps; random nucleus-like polygons."""

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
from pathgan.masks.nuclei import segment_nuclei
from pathgan.masks.polygons import polygon_masks, random_polygons

__all__ = [
    "CONDITIONS",
    "condition_map",
    "contours",
    "distance_map",
    "mask_map",
    "polygon_masks",
    "random_polygons",
    "segment_nuclei",
    "separated",
    "skeleton",
    "skeleton_map",
]
