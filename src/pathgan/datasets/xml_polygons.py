"""Nuclei that a file gives as polygons."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from pathgan.errors import DataError


def read_monuseg_xml(path: Path, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Region polygons -> instance map (h, w) int32; where two overlap the later one lies on top."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: damaged XML ({error}); get it again") from error
    instances = np.zeros(shape, np.int32)
    for label, region in enumerate(root.iter("Region"), start=1):
        points = [(float(v.attrib["Y"]), float(v.attrib["X"])) for v in region.iter("Vertex")]
        if len(points) >= 3:
            _fill(instances, np.array(points), label)
    return instances


def _fill(instances: NDArray[np.int32], points: NDArray[np.float64], label: int) -> None:
    low = np.maximum(np.floor(points.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 1, instances.shape)
    if (low < high).all():
        window = instances[low[0] : high[0], low[1] : high[1]]
        window[polygon2mask(window.shape, points - low)] = label
