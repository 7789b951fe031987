"""Every claim of a paper with its verdict."""

from pathlib import Path

from pathgan.claims.claim_inputs import ClaimInputs
from pathgan.claims.claims_table import write_claims
from pathgan.claims.deciding import decide
from pathgan.jobs import job

with job(snakemake):
    inputs = ClaimInputs(**snakemake.params.given)
    outputs = {name: Path(path) for name, path in snakemake.output.items()}
    write_claims(decide(inputs), inputs, snakemake.params.title, outputs)
