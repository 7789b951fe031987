"""Nuclei that a file gives as polygons."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from pathgan.datasets.image_files import check_file
from pathgan.errors import DataError

MAX_BYTES = 100_000_000
MAX_COORDINATE = 1e7  # [px]
MAX_VERTICES = 5000  # of a nucleus


def read_monuseg_xml(path: Path, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Region polygons -> instance map (h, w) int32; where two overlap the later one lies on top."""
    check_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: expected up to {MAX_BYTES // 10**6} MB of XML, got {path.stat().st_size} bytes")
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - expat refuses entities that grow, and reads no others
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise DataError(f"{path}: damaged XML ({error}); get it again") from error
    if root.tag != "Annotations" and root.find(".//Region") is None:
        raise DataError(f"{path}: expected Annotations with Regions, got a {root.tag}; get it again")
    instances = np.zeros(shape, np.int32)
    for label, region in enumerate(root.iter("Region"), start=1):
        points = np.array([_point(vertex, path, label) for vertex in region.iter("Vertex")])
        if len(points) > MAX_VERTICES:
            raise DataError(f"{path}: region {label}: {len(points)} vertices, expected up to {MAX_VERTICES}; thin them")
        if len(points) >= 3:
            _fill(instances, points, label)
    return instances


def _point(vertex: ElementTree.Element, path: Path, label: int) -> tuple[float, float]:
    """Y and X [px]. Raises DataError where they are no numbers of an image."""
    given = [vertex.get(axis, "") for axis in ("Y", "X")]
    try:
        y, x = map(float, given)
    except ValueError:
        y = x = np.nan
    if not (abs(y) <= MAX_COORDINATE and abs(x) <= MAX_COORDINATE):
        raise DataError(f"{path}: region {label}: expected a vertex with X and Y [px], got {vertex.attrib}; mend it")
    return y, x


def _fill(instances: NDArray[np.int32], points: NDArray[np.float64], label: int) -> None:
    low = np.maximum(np.floor(points.min(0)).astype(int), 0)
    high = np.minimum(np.ceil(points.max(0)).astype(int) + 1, instances.shape)
    if (low < high).all():
        window = instances[low[0] : high[0], low[1] : high[1]]
        window[polygon2mask(window.shape, points - low)] = label
