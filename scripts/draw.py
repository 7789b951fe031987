"""A figure of the paper."""

from pathlib import Path

from pathgan.config.models import Figure
from pathgan.jobs import job
from pathgan.render.figures import PanelImages, draw_figure

with job(snakemake):
    figure = Figure.model_validate(snakemake.params.figure)
    images = PanelImages(figure, snakemake.params.panels)
    draw_figure(figure, images.read, Path(snakemake.output.png), Path(snakemake.output.pdf))
