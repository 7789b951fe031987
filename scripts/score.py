"""Score samples or segmentations."""

from importlib import import_module
from pathlib import Path

from pathgan.config.strict import class_named
from pathgan.jobs import job
from pathgan.networks.checked_weights import check_weights
from pathgan.scoring.score_files import Inputs, facts_of_images, write_scores

with job(snakemake):
    config = class_named(snakemake.params.kind).model_validate(snakemake.params.score)
    files = {
        name: Path(paths) if isinstance(paths, str) else tuple(map(Path, paths))
        for name, paths in snakemake.params.files.items()
    }
    inputs = Inputs(**files)
    for role, sha256 in snakemake.params.weights.items():
        check_weights(files[role], sha256)
    scores = import_module(config.scorer).score(config, inputs, snakemake.params.category)
    write_scores([*scores, *facts_of_images(inputs.predicted)], Path(snakemake.output[0]))
