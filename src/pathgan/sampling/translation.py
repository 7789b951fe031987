"""Images of one stain as images of another, by the generators of a `cycle` run; and what comes back of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import tee
from operator import itemgetter
from typing import Any, Literal

from pathgan.config.network_options import ResidualNet
from pathgan.config.strict import Positive, Strict
from pathgan.networks.residual import residual_of
from pathgan.networks.there_and_back import translate
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.store import write_store
from pathgan.training.devices import compute_on
from pathgan.training.weight_files import load_weights


class Translation(Strict):
    """`CycleRun.sampling_options`."""

    generator: ResidualNet
    crop_px: Positive
    precision: Literal["fp32", "bf16"]


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes the translation of each of `images`, and as `reconstructions` what comes back; returns their number."""
    run, source = Translation.model_validate(options), work.sources["images"]
    compute = compute_on(work.device, work.threads, run.precision)
    there, back = (
        load_weights(residual_of(run.generator, run.crop_px), work.weights[name]).to(compute.device)
        for name in ("weights", "inverse")
    )
    pairs = tee(translate(there, back, source.images_of_split(), compute.device, compute.autocast))
    fakes, reconstructions = (map(itemgetter(k), half) for k, half in enumerate(pairs))
    return write_store(work.out, source.ids, work.facts, images=fakes, reconstructions=reconstructions)
