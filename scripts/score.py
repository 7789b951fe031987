"""Score samples or segmentations."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.models import Score
from pathgan.jobs import job
from pathgan.scoring import Inputs, score, write_scores

with job(snakemake):
    config = TypeAdapter(Score).validate_python(snakemake.params.score)
    inputs = Inputs(**{name: Path(path) for name, path in snakemake.input.items()})
    write_scores(score(config, inputs), Path(snakemake.output[0]))
