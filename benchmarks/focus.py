"""How fast cells are cut out of focal planes, and eleven networks run as one; writes focus.md. One thread, CPU seconds.

benchmarks/focus.py
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import cv2
import torch
from separate_planes import Separate
from timing import machine

from pathgan.config.slide_types import CellDataset, FocusPhantom
from pathgan.networks.stack_networks import StackGenerator
from pathgan.phantoms.painted_stacks import focus_field
from pathgan.slides.cells import Frame, extract
from pathgan.slides.reading import open_slide
from pathgan.slides.slide import Level, Pixels, Slide
from pathgan.stores.slide_files import write_planes

ROUNDS, SIDE = 5, 64
SIZES = ((8, 4), (8, 16), (64, 4))  # width of the networks, images a batch
PHANTOM = FocusPhantom(adapter="phantom_stacks", n_slides=1, size_px=2000, seed=71)
CELLS = CellDataset(adapter="cells", slides="s", stain="pap")


class Decoded(Slide):
    """Planes in memory, so that no decoder is timed."""

    def __init__(self, planes: Pixels):
        self.path, self.mpp, self.plane_um = Path("phantom"), PHANTOM.mpp, PHANTOM.plane_um
        self._planes, self.n_planes = planes, len(planes)
        self.levels = (Level(planes.shape[2], planes.shape[1], 1.0),)

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        return self._planes[plane, y : y + height, x : x + width]

    def close(self) -> None:
        """Nothing is open."""


def seconds_of(work) -> float:  # type: ignore[no-untyped-def]
    start = process_time()
    work()
    return process_time() - start


def race(width: int, batch: int) -> tuple[float, float]:
    """CPU seconds of a forward and backward pass: separate, grouped; medians of rounds that take turns."""
    image = torch.randn(batch, 3, SIDE, SIDE)
    networks = {"separate": Separate(width), "grouped": StackGenerator(width, n_layers=0)}
    times: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(ROUNDS + 1):
        for name, network in networks.items():
            spent = seconds_of(lambda network=network: network(image).square().mean().backward())
            times[name] += [spent] if turn else []  # the first turn warms up
    return median(times["separate"]), median(times["grouped"])


def main() -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    planes = focus_field(PHANTOM, 0).planes
    slide = Decoded(planes)
    n = len(list(extract(Frame(slide, CELLS), CELLS)))
    decoded = median(seconds_of(lambda: list(extract(Frame(slide, CELLS), CELLS))) for _ in range(ROUNDS))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "s.ome.tif"
        write_planes(path, planes, PHANTOM.mpp, PHANTOM.plane_um)
        with open_slide(path) as file:
            read = median(seconds_of(lambda: list(extract(Frame(file, CELLS), CELLS))) for _ in range(ROUNDS))
    races = {size: race(*size) for size in SIZES}
    side, n_planes = PHANTOM.size_px, len(planes)
    lines = [
        "# Focus stacks",
        "",
        f"Written by `benchmarks/focus.py`: one thread, CPU seconds, medians of {ROUNDS} rounds.",
        "",
        f"| {n} cells of a phantom slide, {n_planes} planes of {side} px | cells a CPU second |",
        "|---|---:|",
        f"| found and cut out, planes in memory (wanted: 200) | {n / decoded:.0f} |",
        f"| with the file decoded (OME-TIFF, JPEG) | {n / read:.0f} |",
        "",
        "| eleven encoders and decoders, forward and backward, 64 px | separate [s] | grouped [s] | ratio |",
        "|---|---:|---:|---:|",
    ]
    for (width, batch), (separate, grouped) in races.items():
        row = f"{separate:.3f} | {grouped:.3f} | {separate / grouped:.2f}"
        lines.append(f"| width {width}, {batch} images | {row} |")
    lines += ["", machine("torch", "opencv-python-headless", "tifffile", "numpy")]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
