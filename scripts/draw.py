"""A figure of the paper."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.models import CurveFigure, Figure
from pathgan.jobs import job
from pathgan.render.figures import PanelImages, draw_curves, draw_figure

with job(snakemake):
    figure = TypeAdapter(Figure).validate_python(snakemake.params.figure)
    png, pdf = Path(snakemake.output.png), Path(snakemake.output.pdf)
    if isinstance(figure, CurveFigure):
        draw_curves(figure, snakemake.params.evaluations, png, pdf)
    else:
        draw_figure(figure, PanelImages(figure, snakemake.params.panels).read, png, pdf)
