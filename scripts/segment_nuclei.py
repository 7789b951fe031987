"""Find the nuclei of a store's images without training."""

from importlib import import_module
from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import job

with job(snakemake):
    run = class_named(snakemake.params.kind).model_validate(snakemake.params.run)
    images, seed = Path(snakemake.input.images), int(snakemake.wildcards.seed)
    import_module(run.finder).segment_store(run, images, seed, Path(snakemake.output[0]))
