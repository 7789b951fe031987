"""Whole slides: reading, tiling, and the registration of serial sections."""

from pathgan.slides.reading import open_slide
from pathgan.slides.registration import register
from pathgan.slides.tiling import tile_slide

__all__ = ["open_slide", "register", "tile_slide"]
