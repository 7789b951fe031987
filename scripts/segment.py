"""Let a trained segmenter read a set of images."""

from pathlib import Path

from pathgan.config.runs.segmentation_run import SegmentationRun
from pathgan.jobs import device_of, job
from pathgan.sampling.segmenting import segment_source
from pathgan.stores.source import Source

with job(snakemake):
    segment_source(
        SegmentationRun.model_validate(snakemake.params.run),
        Path(snakemake.input.weights),
        Source.model_validate(snakemake.params.source),
        Path(snakemake.output[0]),
        device_of(snakemake),
        snakemake.threads,
    )
