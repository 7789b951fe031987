"""The effects of a paper's claims, beside the printed ones."""

from pathlib import Path

from pathgan.claims.forest_plot import draw_claims
from pathgan.jobs import job

with job(snakemake):
    files, outputs = snakemake.input, snakemake.output
    title = snakemake.params.title
    draw_claims(Path(files.claims), Path(files.effects), title, Path(outputs.png), Path(outputs.pdf))
