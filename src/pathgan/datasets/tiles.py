"""Where tiles lie on an image."""

from __future__ import annotations

from pathgan.errors import DataError


def tile_offsets(length_px: int, tile_px: int, stride_px: int) -> list[int]:
    """Offsets of tiles along one side; the last tile is flush with the edge. The side must hold a tile."""
    last = length_px - tile_px
    if last < 0:
        raise DataError(f"a side of {length_px} px is smaller than a tile of {tile_px} px")
    offsets = list(range(0, last + 1, stride_px))
    return offsets if offsets[-1] == last else [*offsets, last]


def place_id(x: int, y: int) -> str:
    """The part of a tile's id that says where it lies on its image."""
    return f"x{x}_y{y}"
