"""The front page of a preset."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.page.contents import PaperInputs
from pathgan.page.write_page import write_page

with job(snakemake):
    papers = {name: PaperInputs(**given) for name, given in snakemake.params.papers.items()}
    scorecard = next(map(Path, snakemake.params.scorecard), None)
    write_page(papers, scorecard, snakemake.wildcards.preset, Path(snakemake.output[0]))
