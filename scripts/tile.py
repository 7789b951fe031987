"""Cut a slide into tiles."""

from pathlib import Path

from pathgan.config.slide_types import SlideDataset
from pathgan.datasets.slide_sets import SlideFile
from pathgan.jobs import job
from pathgan.slides.slide_work import tile

with job(snakemake):
    tiling = snakemake.params.tiling
    fixed, transform = tiling["fixed"], snakemake.input.get("transform")
    tile(
        SlideDataset.model_validate(tiling["dataset"]),
        SlideFile.model_validate(tiling["slide"]),
        tiling["side"],
        {name: Path(path) for name, path in snakemake.output.items()},
        fixed and SlideFile.model_validate(fixed),
        transform and Path(transform),
    )
