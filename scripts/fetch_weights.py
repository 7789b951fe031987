"""Get the trained weights of a network."""

from pathlib import Path

from pathgan.config.loading import load_weights_table
from pathgan.datasets.fetch import fetch_weights
from pathgan.jobs import job

with job(snakemake):
    table = load_weights_table(Path(snakemake.scriptdir).parent / "config" / "weights.yaml")
    entry = next(entry for entry in table.values() if entry.file == snakemake.wildcards.weights)
    fetch_weights(entry, Path(snakemake.output[0]))
