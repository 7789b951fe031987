"""What each dataset holds beside what the paper counted in it."""

from pathlib import Path

from pathgan.jobs import job
from pathgan.render.identity_table import write_identities

with job(snakemake):
    told = snakemake.params.identities
    write_identities(told["rows"], told["title"], {name: Path(path) for name, path in snakemake.output.items()})
