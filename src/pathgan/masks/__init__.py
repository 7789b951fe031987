"""Nuclei by their colours; maps of nuclei: contours, distance maps, skeleton maps; random nucleus-like polygons."""

import lazy_loader

# Loaded when asked for: a job that needs one of them does not depend on the code of all.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "colour_nuclei": ["segment_nuclei"],
        "maps": [
            "CONDITIONS",
            "condition_map",
            "contours",
            "distance_map",
            "mask_map",
            "separated",
            "skeleton",
            "skeleton_map",
        ],
        "polygon_maps": ["polygon_masks", "random_polygons"],
    },
)
