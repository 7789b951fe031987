"""A figure of the paper."""

from importlib import import_module
from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import job

with job(snakemake):
    figure = class_named(snakemake.params.kind).model_validate(snakemake.params.figure)
    png, pdf = Path(snakemake.output.png), Path(snakemake.output.pdf)
    import_module(figure.drawer).draw(figure, snakemake.params.shown, png, pdf)
