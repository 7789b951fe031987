"""Train a run's generator."""

from pathgan.jobs import job
from pathgan.recipes.running import train_job

with job(snakemake):
    train_job(snakemake)
