"""Get the trained weights of a network."""

from pathlib import Path

from pathgan.config.loading import load_weights_table
from pathgan.jobs import job
from pathgan.networks.fetched_weights import fetch_weights

with job(snakemake):
    table = load_weights_table(Path(snakemake.scriptdir).parent / "config" / "weights.yaml")
    network = next(network for network, entry in table.items() if entry.file == snakemake.wildcards.weights)
    fetch_weights(network, table[network], Path(snakemake.output[0]))
