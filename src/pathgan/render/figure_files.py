"""What all figures share: one style, sizes in columns of a page, letters of panels, scale bars, and files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib_scalebar.scalebar import ScaleBar

from pathgan.files import atomic
from pathgan.render.letters import letters

Files = list[dict[str, str]]  # of each thing that a figure shows, what its type `reads`
PAGE_IN = 7.2  # width of two columns of a page
# Okabe and Ito's, which colour-blind readers tell apart; `look` gives curves marks of their own as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
MARKERS = "os^Dv*P"
STYLE: dict[Any, Any] = {
    "axes.grid": False,
    "axes.labelsize": 8,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "figure.titlesize": 8,
    "font.size": 8,
    "grid.alpha": 0.3,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,  # text stays text
    "savefig.dpi": 300,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}
plt.rcParams.update(STYLE)


def lettered(titles: Iterable[str]) -> list[str]:
    """`(a) H&E`, `(b) Ki-67`, ...; as they are where there is one, or where they begin with letters already."""
    given = list(titles)
    if len(given) < 2 or any(title.startswith("(") for title in given):
        return given
    return [f"({letter}) {title}".strip() for letter, title in zip(letters(), given, strict=False)]


def look(index: int) -> dict[str, Any]:
    """Colour and marker of the curve of this number: no two of the first 49 are alike."""
    n = len(COLOURS)
    return {"color": COLOURS[index % n], "marker": MARKERS[(index + index // n) % len(MARKERS)]}


def show_image(axis: Axes, pixels: Any, um_per_px: float | None = None) -> None:
    """An image without ticks, with a scale bar where its pixel size is known."""
    axis.imshow(pixels, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(True)
    if um_per_px:
        axis.add_artist(
            ScaleBar(
                um_per_px,
                "um",
                length_fraction=0.3,
                location="lower right",
                box_alpha=0.75,
                pad=0.25,
                border_pad=0.25,
                font_properties={"size": 6},
            )
        )


def save(fig: Any, png: Path, pdf: Path) -> None:
    """Without dates and versions: the same bytes of the same figure."""
    with atomic(png) as temporary:
        fig.savefig(temporary, metadata={"Software": None})
    with atomic(pdf) as temporary:
        fig.savefig(temporary, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(fig)
