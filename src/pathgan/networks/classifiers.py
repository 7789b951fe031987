"""ResNet-152, DenseNet-161 and Inception-V3 as torchvision has them, with a head for our classes."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from pathgan.networks.checked_weights import weights_of

INCEPTION_PX = 299  # the side that its second classifier needs
LEAST_PX = {"resnet152": 32, "densenet161": 32, "inception_v3": 75}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
# torchvision's DenseNet files bear names of an older version: norm.1 for norm1.
DENSENET_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.")


class Classifier(nn.Module):
    """(n, 3, h, w) in [0, 1] -> logits (n, n_classes), and of Inception-V3's second classifier, else none."""

    def __init__(self, name: str, n_classes: int, weights: Path | None = None, auxiliary: bool = False):
        """weights: torchvision's file of the network, whose head of 1000 classes gives way; None for random weights.

        auxiliary: with Inception-V3's second classifier. Raises DataError for a file of another network.
        """
        from torchvision import models  # four seconds to import

        super().__init__()
        options = {"aux_logits": True, "init_weights": weights is None} if name == "inception_v3" else {}
        self.network: nn.Module = getattr(models, name)(weights=None, **options)
        if weights is not None:
            _load(self.network, name, weights)
        heads = {"resnet152": ("fc",), "densenet161": ("classifier",), "inception_v3": ("fc", "AuxLogits.fc")}[name]
        for head in heads:
            parent, _, last = head.rpartition(".")
            inside = self.network.get_submodule(head).in_features
            setattr(self.network.get_submodule(parent), last, nn.Linear(inside, n_classes))
        if name == "inception_v3" and not auxiliary:
            self.network.AuxLogits = None
            self.network.aux_logits = False
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))
        if name == "inception_v3":  # its weights were trained on images in [-1, 1]
            self.mean.fill_(0.5)
            self.deviation.fill_(0.5)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        out = self.network((images - self.mean) / self.deviation)
        return out if isinstance(out, tuple) else (out, None)


def _load(network: nn.Module, name: str, path: Path) -> None:
    with weights_of(name, path):
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({DENSENET_NAME.sub(r"\1\2.", key): value for key, value in state.items()})
