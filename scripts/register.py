"""Lay a section on its neighbour of another stain."""

from pathlib import Path

from pathgan.datasets.slide_sets import SlideFile
from pathgan.jobs import job
from pathgan.slides.slide_work import register_pair

with job(snakemake):
    pair = snakemake.params.pair
    fixed, moving = (SlideFile.model_validate(pair[name]) for name in ("fixed", "moving"))
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    register_pair(fixed, moving, pair["pixels_per_landmark"], outputs)
