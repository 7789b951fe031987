"""Options of `mixture`: nuclei found by their colours, without training (SynCGAN, Sec. 3.2)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from pathgan.config.runs.run import Run
from pathgan.config.strict import Positive, Px, Strict


class ColourMixture(Strict):
    """How nuclei are found by their colours (SynCGAN, Sec. 3.2)."""

    # What is dark in colour and holds a dark spot; or as the text orders it: dark spots, less red cells and cytoplasm.
    # Without a mixture: dark spots alone, or what is darker than a threshold by Otsu's method.
    order: Literal["mixture_first", "threshold_first", "threshold_alone", "otsu"] = "mixture_first"
    stretch_percent: Annotated[float, Field(ge=0, lt=50)] = 1.0  # of pixels that become black, and as many white
    block_px: Annotated[int, Field(ge=3)] = 51  # odd; of the adaptive threshold,
    offset: float = 10.0  # grey levels that a spot is darker than its block's mean
    n_components: Annotated[int, Field(ge=2)] = 3  # of the mixture
    n_pixels: Positive = 2000  # that it is fitted to
    opening_px: Annotated[int, Field(ge=0)] = 2  # radius
    min_area_px: Annotated[int, Field(ge=0)] = 60
    spacing_px: Px = 4  # between the middles of two nuclei that touch

    @model_validator(mode="after")
    def _odd(self) -> ColourMixture:
        if self.block_px % 2 == 0:
            raise ValueError(f"block_px: expected an odd number, got {self.block_px}")
        return self


class MixtureRun(Run, ColourMixture):
    """Nuclei of images by their colours: nothing is trained."""

    recipe: Literal["mixture"]
    finds_nuclei: ClassVar[bool] = True
    finder: ClassVar[str] = "pathgan.sampling.nuclei_finding"
