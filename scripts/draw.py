"""A figure of the paper."""

from pathlib import Path

from pydantic import TypeAdapter

from pathgan.config.models import CurveFigure, Figure, ImageFigure, StackFigure
from pathgan.jobs import job
from pathgan.render.figures import PanelImages, draw_curves, draw_figure
from pathgan.render.stacks import draw_profiles, draw_stacks, read_stacks

with job(snakemake):
    figure = TypeAdapter(Figure).validate_python(snakemake.params.figure)
    png, pdf = Path(snakemake.output.png), Path(snakemake.output.pdf)
    stacks = {name: read_stacks(files) for name, files in snakemake.params.stacks.items()}
    match figure:
        case CurveFigure():
            draw_curves(figure, snakemake.params.evaluations, png, pdf)
        case ImageFigure():
            draw_figure(figure, PanelImages(figure, snakemake.params.panels).read, png, pdf)
        case StackFigure():
            draw_stacks(figure, stacks[figure.of], png, pdf)
        case _:
            draw_profiles(figure, stacks, png, pdf)
