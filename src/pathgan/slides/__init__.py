"""Whole slides: reading, tiling, and the registration of serial sections."""

import lazy_loader

# Loaded when asked for: a job that needs one of them does not depend on the code of all.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "reading": ["open_slide"],
        "registration": ["register"],
        "tiling": ["tile_slide"],
    },
)
