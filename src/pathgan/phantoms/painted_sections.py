"""Phantom sections as slide files, with everything that is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pathgan.config.slide_types import SectionPhantom
from pathgan.files import write_rows
from pathgan.phantoms.sections import serial_pair
from pathgan.stores.slide_files import write_slide


def paint(options: SectionPhantom, index: int, out: Mapping[str, Path]) -> None:
    """Writes pair `index` of a phantom set: he, ki67 (slides), landmarks_he, landmarks_ki67 and nuclei (CSV).

    nuclei: x, y [px] in the frame of the H&E slide, and whether the nucleus of the Ki-67 section is positive.
    """
    pair = serial_pair(options, index)
    write_slide(out["he"], pair.he, options.mpp)
    write_slide(out["ki67"], pair.ki67, options.mpp)
    for name, points in (("landmarks_he", pair.landmarks_he), ("landmarks_ki67", pair.landmarks_ki67)):
        write_rows(out[name], ("X", "Y"), ((f"{x:.3f}", f"{y:.3f}") for x, y in points))
    nuclei = zip(pair.nuclei, pair.positive, strict=True)
    rows = ((f"{x:.2f}", f"{y:.2f}", int(is_positive)) for (x, y), is_positive in nuclei)
    write_rows(out["nuclei"], ("X", "Y", "positive"), rows)
