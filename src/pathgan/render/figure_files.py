"""A figure on disk: the same bytes of the same figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from pathgan.files import atomic

Files = list[dict[str, str]]  # of each thing that a figure shows, what its type `reads`


def save(fig: Any, png: Path, pdf: Path) -> None:
    """Without dates and versions."""
    metadata = {"Software": None}
    with atomic(png) as temporary:
        fig.savefig(temporary, dpi=200, metadata=metadata)
    with atomic(pdf) as temporary:
        fig.savefig(temporary, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(fig)
