"""Cut single cells out of a slide with focal planes."""

from pathlib import Path

from pathgan.config.slide_types import CellDataset
from pathgan.datasets.slide_sets import SlideFile
from pathgan.jobs import job
from pathgan.slides.slide_work import extract_cells

with job(snakemake):
    params = snakemake.params.extraction
    extract_cells(
        CellDataset.model_validate(params["dataset"]),
        SlideFile.model_validate(params["slide"]),
        {name: Path(path) for name, path in snakemake.output.items()},
    )
