"""Train both generators of a run between two stains."""

from pathgan.jobs import job
from pathgan.recipes.evaluation import evaluate
from pathgan.recipes.running import remove_state, train_job

with job(snakemake):
    state = train_job(snakemake, evaluate)
remove_state(state)
