"""Options of `map_reading`: nuclei read back from maps of true ones, untrained (Enhanced Sharp-GAN, Sec. 2.2)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pathgan.config.runs.run import Run
from pathgan.config.runs.watershed_options import Watershed


class MapRun(Run):
    """What a watershed finds in a map of a dataset's true nuclei: how far the map tells touching ones apart."""

    recipe: Literal["map_reading"]
    condition: Literal["mask", "distance_map", "skeleton_map"]
    watershed: Watershed = Watershed(threshold=0, min_area_px=0)
    finds_nuclei: ClassVar[bool] = True
    finder: ClassVar[str] = "pathgan.sampling.map_reading"
