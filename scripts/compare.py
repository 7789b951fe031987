"""In which respects each printed number may be compared with ours."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.render.comparability_table import write_comparability

with job(snakemake):
    told = snakemake.params.comparisons
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    write_comparability([Path(path) for path in snakemake.input], told["rows"], told["title"], outputs)
