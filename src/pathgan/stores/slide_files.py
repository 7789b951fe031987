"""Slides of our own: pyramidal, tiled, JPEG-compressed TIFF, as scanners write them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from pathgan.files import atomic

TILE_PX, FOCUS_TILE_PX = 240, 256
QUALITY = 90
SMALLEST_PX = 512  # the pyramid ends below


def write_planes(path: Path, planes: NDArray[np.uint8], mpp: float, plane_um: float) -> None:
    """Writes focal planes (n_planes, h, w, 3) as one level of OME-TIFF with `mpp` [um/px] and `plane_um` [um]."""
    sizes = {"PhysicalSizeX": mpp, "PhysicalSizeY": mpp, "PhysicalSizeZ": plane_um}
    name = uuid5(NAMESPACE_OID, sha256(planes.tobytes()).hexdigest())  # of its content: a random one changes the bytes
    with atomic(path) as temporary:
        tifffile.imwrite(
            temporary,
            planes,
            ome=True,
            photometric="rgb",
            tile=(FOCUS_TILE_PX, FOCUS_TILE_PX),
            compression="jpeg",
            compressionargs={"level": QUALITY},
            metadata={"axes": "ZYXS", "UUID": str(name), **sizes, **{f"{axis}Unit": "µm" for axis in sizes}},
            software=False,
        )


def write_slide(path: Path, image: NDArray[np.uint8], mpp: float) -> None:
    """Writes (h, w, 3) uint8 with `mpp` [um/px] as a pyramid whose levels halve."""
    levels = [image]
    while max(levels[-1].shape) > 2 * SMALLEST_PX:
        height, width = (side // 2 for side in levels[-1].shape[:2])
        levels.append(cv2.resize(levels[-1], (width, height), interpolation=cv2.INTER_AREA))
    with atomic(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=True) as file:
        for index, level in enumerate(levels):
            pixels_per_cm = 1e4 / (mpp * 2**index)
            file.write(
                level,
                photometric="rgb",
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                compressionargs={"level": QUALITY},
                resolution=(pixels_per_cm, pixels_per_cm),
                resolutionunit="CENTIMETER",
                subfiletype=0 if index == 0 else 1,
                software=False,
                metadata=None,
            )
