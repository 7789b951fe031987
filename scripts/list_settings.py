"""Every hyper-parameter with its value and its source."""

from pathlib import Path

from pathgan.config.loading import load_paper
from pathgan.jobs import job
from pathgan.render.tables import hyper_parameter_table, write_hyper_parameters

with job(snakemake):
    file, preset = Path(snakemake.input[0]), snakemake.wildcards.preset
    paper = load_paper(file, preset, snakemake.params.device)
    table = hyper_parameter_table(paper, load_paper(file, "paper"))
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    write_hyper_parameters(table, f"{paper.title} (preset {preset})", outputs)
