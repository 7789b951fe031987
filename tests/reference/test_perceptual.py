"""LPIPS on real images: the package's own, on a trunk that torchvision builds and that is loaded here by hand."""

from __future__ import annotations

import lpips
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchvision.models import alexnet

from pathgan.datasets.image_files import read_image
from pathgan.errors import DataError
from pathgan.networks.perceptual import lpips_alex
from pathgan.scoring.perceptual_scores import perceptual_distance


@pytest.fixture(scope="module")
def pairs(real_data):
    images = [read_image(path) for path in sorted((real_data / "monuseg_breast").rglob("*.tif"))[:2]]
    real = np.stack([image[:64, left : left + 96] for image in images for left in range(0, 900, 100)])
    noise = np.random.default_rng(0).normal(0, 1, real.shape) * np.linspace(0, 60, len(real))[:, None, None, None]
    return real, (real + noise).clip(0, 255).astype(np.uint8)


def test_distances_are_those_of_the_authors_formula(pairs, package_weights):
    """Eq. 1 written out: unit length over channels, squared differences, weighted, means over space, summed."""
    path, _ = package_weights("lpips_alex")
    state = load_file(path)
    trunk = alexnet(weights=None).features.eval()
    trunk.load_state_dict(
        {name.removeprefix("features."): value for name, value in state.items() if "features" in name}
    )
    heads = [layer.model[-1].weight for layer in lpips.LPIPS(net="alex", pnet_rand=True, verbose=False).lins]
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])

    def features(images):
        x = torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1
        x, found = (x - shift[:, None, None]) / scale[:, None, None], []
        for layer in trunk:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    with torch.inference_mode():
        layers = zip(features(pairs[0]), features(pairs[1]), heads, strict=True)
        expected = sum(((a - b).square() * head).sum(1).mean((1, 2)) for a, b, head in layers)
    found = perceptual_distance(*pairs, lpips_alex(path))
    assert found == pytest.approx(expected.numpy(), abs=1e-5)
    assert found[0] == found[9] - found[9] == 0  # of the image itself
    assert found[-1] > found[1]


def test_weights_of_another_network_are_refused(package_weights):
    with pytest.raises(DataError, match="does not hold the weights of lpips_alex"):
        lpips_alex(package_weights("squeezenet")[0])
