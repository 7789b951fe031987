"""Tiling beside openslide and beside the bare decoder: the same slide, one thread, CPU seconds, one run.

Writes benchmarks/slides.md. The slide is made on the spot: 12,000 px square of real H-DAB tissue, repeated, in JPEG.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import cv2
import numpy as np
import openslide
import skimage.data
import tifffile
from timing import machine

from pathgan.slides import open_slide, tile_slide
from pathgan.slides.slide import Slide
from pathgan.slides.tiff import TiffSlide
from pathgan.slides.tiling import Tiling, plan_tiles, read_tiles
from pathgan.stores.slide_files import write_slide

HERE = Path(__file__).parent
SIDE, TILE_PX, STRIDE_PX, MPP = 12_000, 288, 144, 0.5
ROUNDS = 5
OPENSLIDE_ROWS = 6  # of 83 rows of tiles: the whole slide takes it minutes


def cpu_seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def make_slide(path: Path) -> None:
    tissue = skimage.data.immunohistochemistry()
    both = np.concatenate([tissue, tissue[:, ::-1]], axis=1)
    whole = np.concatenate([both, both[::-1]], axis=0)
    n = -(-SIDE // len(whole))
    write_slide(path, np.tile(whole, (n, n, 1))[:SIDE, :SIDE], MPP)


def ours(path: Path) -> int:
    """Thumbnail, tissue mask and grid, then every tile."""
    with open_slide(path) as slide:
        return read(path, plan(slide))


def plan(slide: Slide) -> Tiling:
    return plan_tiles(slide, TILE_PX, STRIDE_PX, MPP)[0]


def read(path: Path, tiling: Tiling) -> int:
    with open_slide(path) as slide:
        return sum(1 for _ in read_tiles(slide, tiling))


def theirs(path: Path) -> int:
    """A read_region a tile, as most pipelines do, to RGB arrays."""
    slide, n = openslide.OpenSlide(path), 0
    for y in range(0, OPENSLIDE_ROWS * STRIDE_PX, STRIDE_PX):
        for x in range(0, SIDE - TILE_PX + 1, STRIDE_PX):
            np.asarray(slide.read_region((x, y), 0, (TILE_PX, TILE_PX)).convert("RGB"))
            n += 1
    return n


def decode(path: Path) -> None:
    """Every native tile of level 0, once, and nothing else."""
    with open_slide(path) as slide:
        assert isinstance(slide, TiffSlide)
        page = slide._pages[0][0]
        for _ in slide._decode(page, range(page.chunked[0]), range(page.chunked[1])):
            pass


def sparse_slide(path: Path, side: int = 75_000) -> None:
    """A slide as wide as scanners make them, of which a sixteenth holds something: one block in the middle."""
    filled = cv2.resize(skimage.data.immunohistochemistry(), (240, 240))
    n = -(-side // 240)
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            # The first tile tells tifffile the type of them all.
            (filled if k == 0 or {k // n * 8 // n, k % n * 8 // n} <= {3, 4} else None for k in range(n * n)),
            shape=(side, side, 3),
            dtype=np.uint8,
            tile=(240, 240),
            photometric="rgb",
            compression="jpeg",
            resolution=(1e4 / MPP, 1e4 / MPP),
            resolutionunit="CENTIMETER",
            metadata=None,
        )


def peak_memory(path: Path) -> str:
    """In a process of its own: its greatest resident size, and how long it took."""
    done = subprocess.run([sys.executable, __file__, str(path)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        slide, store = Path(folder) / "slide.tif", Path(folder) / "tiles.h5"
        make_slide(slide)
        n_ours, n_theirs = ours(slide), theirs(slide)
        with open_slide(slide) as opened:
            tiling = plan(opened)
        seconds: dict[str, list[float]] = {"ours": [], "read": [], "openslide": [], "decode": [], "store": []}
        for _ in range(ROUNDS):
            seconds["read"].append(cpu_seconds(lambda: read(slide, tiling)))
            seconds["ours"].append(cpu_seconds(lambda: ours(slide)))
            seconds["openslide"].append(cpu_seconds(lambda: theirs(slide)))
            seconds["decode"].append(cpu_seconds(lambda: decode(slide)))
        for _ in range(2):
            seconds["store"].append(cpu_seconds(lambda: tile_slide(slide, TILE_PX, STRIDE_PX, MPP, store)))
            n_bytes = store.stat().st_size
            store.unlink()
        mid = {name: median(values) for name, values in seconds.items()}
        sparse = Path(folder) / "sparse.tif"
        sparse_slide(sparse)
        memory = peak_memory(sparse)
    rate, peer = n_ours / mid["ours"], n_theirs / mid["openslide"]
    rows = [
        ("tiles a CPU second, read", f"{n_ours / mid['read']:,.0f}", ""),
        ("the same with thumbnail and tissue mask", f"{rate:,.0f}", ""),
        (
            "openslide `read_region` a tile, tiles a CPU second",
            f"{peer:,.0f}",
            f"we are {n_ours / mid['read'] / peer:.1f}x, with the mask {rate / peer:.1f}x (wanted: 8x)",
        ),
        (
            "bare decode of every native tile, Mpx a CPU second",
            f"{SIDE**2 / 1e6 / mid['decode']:.0f}",
            f"reading tiles runs at {mid['decode'] / mid['read']:.2f} of it (wanted: 0.8)",
        ),
        ("read and stored as HDF5, tiles a CPU second", f"{n_ours / mid['store']:,.0f}", f"{n_bytes / 1e9:.1f} GB"),
        ("75,000 px square slide, a sixteenth of it filled", memory, "wanted: 1.5 GB at most"),
    ]
    table = "\n".join(f"| {what} | {value} | {note} |" for what, value, note in rows)
    text = (
        "# Tiling beside openslide\n\nWritten by `benchmarks/slides.py`: one thread, CPU seconds, medians of "
        f"{ROUNDS} alternating rounds. A slide of {SIDE:,} px\nsquare in JPEG tiles of 240 px, cut into {n_ours:,} "
        f"tiles of {TILE_PX} px every {STRIDE_PX} px.\n\n| what | measured | |\n|---|---:|---|\n{table}\n\n"
        "A slide is one job of the workflow however many tiles it has.\n\n"
        f"{machine('tifffile', 'imagecodecs', 'openslide-python', 'openslide-bin', 'opencv-python-headless')}\n"
    )
    print(text)
    (HERE / "slides.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        started = time.process_time()
        n_tiles = ours(Path(sys.argv[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        print(f"{peak:.2f} GB, {n_tiles:,} tiles in {time.process_time() - started:.0f} CPU seconds")
    else:
        main()
