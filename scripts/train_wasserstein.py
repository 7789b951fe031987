"""Train a GAN with a critic."""

from pathgan.jobs import job
from pathgan.recipes.running import remove_state, train_job

with job(snakemake):
    state = train_job(snakemake)
remove_state(state)
