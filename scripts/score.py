"""Score samples or segmentations."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.models import Score
from pathgan.jobs import job
from pathgan.scoring import Inputs, score, write_scores

with job(snakemake):
    config = TypeAdapter(Score).validate_python(snakemake.params.score)
    files = {
        name: Path(paths) if isinstance(paths, str) else tuple(map(Path, paths))
        for name, paths in snakemake.input.items()
    }
    scores = score(config, Inputs(**files), snakemake.params.category)
    write_scores(scores, Path(snakemake.output[0]))
