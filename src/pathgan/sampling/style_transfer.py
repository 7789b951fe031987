"""`style`: neural style transfer (Gatys et al. 2016). Each image is fitted to its own content and another's style."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pathgan.config.runs.style_run import StyleRun
from pathgan.errors import DataError
from pathgan.networks.checked_weights import check_weights
from pathgan.networks.pixels import to_pixels, to_unit
from pathgan.networks.pretrained import IMAGENET_DEVIATION
from pathgan.networks.vgg import StyleFeatures, style_features
from pathgan.sampling.lbfgs import minimise
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.store import STAND_IN, write_store
from pathgan.training.devices import Compute, compute_on

logger = logging.getLogger(__name__)
Images = NDArray[np.uint8]
CONTENT = "conv4_2"
STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
# The authors' network sees images of 0 to 255, ours of 0 to 1 divided by ImageNet's deviation. The loss of style grows
# with the fourth power of activations, that of content with the second: the authors' weights need the authors' scale.
SCALE = 255 * sum(IMAGENET_DEVIATION) / len(IMAGENET_DEVIATION)
LEAST_PX = 32  # smaller images have less than two places left in the fifth stage


# Gatys et al. 2016, Eqs. 1, 3 to 5 and 7; means over channels, places and pairs as in the authors' code.
class StyleLoss:
    """Of a batch of images, the loss of each. content, style: (n, 3, h, w) in [0, 1], the images to resemble."""

    def __init__(self, run: StyleRun, features: StyleFeatures, content: Tensor, style: Tensor, compute: Compute):
        self._run, self._features, self._compute = run, features, compute
        with torch.no_grad():
            self._content = self._activations(content)[CONTENT]
            activations = self._activations(style)
            self._grams = {name: gram(activations[name]) for name in STYLE}

    def _activations(self, images: Tensor) -> dict[str, Tensor]:
        with self._compute.autocast():
            activations = self._features(images)
        return {name: SCALE * activations[name].float() for name in (CONTENT, *STYLE)}

    def __call__(self, images: Tensor) -> Tensor:
        """(n, 3, h, w) in [0, 1] -> (n,)."""
        activations = self._activations(images)
        losses = self._run.content_weight * (activations[CONTENT] - self._content).square().mean((1, 2, 3))
        for name in STYLE:
            difference = (gram(activations[name]) - self._grams[name]).square()
            losses = losses + self._run.style_weight / activations[name].shape[1] ** 2 * difference.mean((1, 2))
        return losses


def gram(activations: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c, c): products of channels, the mean over places."""
    flat = activations.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def transfer(
    run: StyleRun, features: StyleFeatures, contents: Images, styles: Images, compute: Compute
) -> Iterator[Images]:
    """Each of `contents` (n, h, w, 3) in the style of its companion in `styles` (n, h', w', 3)."""
    if min(contents.shape[1:3] + styles.shape[1:3]) < LEAST_PX:
        raise DataError(
            f"style transfer needs images of at least {LEAST_PX} px, got {contents.shape[2]} x {contents.shape[1]} and "
            f"{styles.shape[2]} x {styles.shape[1]}; raise tiles.tile_px or resize_px"
        )
    features = features.to(compute.device)
    for start in range(0, len(contents), run.batch_size):
        content, style = (
            to_unit(images[start : start + run.batch_size], compute.device) for images in (contents, styles)
        )
        fitted = minimise(StyleLoss(run, features, content, style, compute), content, run.iterations)
        logger.info("fitted %d of %d images", min(start + run.batch_size, len(contents)), len(contents))
        yield from to_pixels(2 * fitted - 1)


def companions(n: int, n_styles: int, seed: int) -> NDArray[np.int64]:
    """Which style image each of n contents takes, drawn with the seed; each is taken before one is taken twice."""
    rng = np.random.default_rng(seed)
    rounds = [rng.permutation(n_styles) for _ in range(-(-n // n_styles))]
    return np.concatenate(rounds)[:n].astype(np.int64)


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes the images of `source`, each in the style of one of `style`; returns their number.

    work.pretrained: VGG-19, or VGG-16 in its place. Raises DataError for a file of another sha256.
    """
    run, source, vgg = StyleRun.model_validate(options), work.sources["source"], work.pretrained
    assert vgg is not None
    check_weights(vgg.file, vgg.sha256)
    compute = compute_on(work.device, work.threads, run.precision)
    contents, styles = source.images_of_split(), work.sources["style"].images_of_split()
    chosen = styles[companions(len(contents), len(styles), work.seed)]
    features = style_features(vgg.network, vgg.file)
    facts = {} if vgg.network == run.network_used else {STAND_IN: vgg.network}
    return write_store(work.out, source.ids, facts, images=transfer(run, features, contents, chosen, compute))
