"""Score samples or segmentations item by item."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.scoring import score, write_scores

with job(snakemake):
    files = (Path(snakemake.input[name]) for name in ("predicted", "store", "manifest"))
    write_scores(score(snakemake.params.score["kind"], *files), Path(snakemake.output[0]))
