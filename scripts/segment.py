"""Let a trained segmenter read a set of images."""

from pathlib import Path

from pathgan.config.runs import SegmentationRun
from pathgan.jobs import job
from pathgan.recipes.running import segment
from pathgan.recipes.sources import Source

with job(snakemake):
    segment(
        SegmentationRun.model_validate(snakemake.params.run),
        Path(snakemake.input.weights),
        Source.model_validate(snakemake.params.source),
        Path(snakemake.output[0]),
        snakemake.config.get("device", "auto"),
        snakemake.threads,
    )
