"""SegNet: a VGG16-BN encoder, and a decoder that puts maxima back where they came from (Badrinarayanan 2017)."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pathgan.config.network_options import SegNet
from pathgan.errors import DataError

CONVOLUTIONS = (2, 2, 3, 3, 3)  # a stage of VGG16
MULTIPLES = (1, 2, 4, 8, 8)


class SegmentationNetwork(nn.Module):
    """(n, 3, h, w) in [-1, 1] -> nucleus logits (n, 1, h, w); h and w are multiples of 2^stages."""

    def __init__(self, width: int, stages: int):
        super().__init__()
        channels = [width * multiple for multiple in MULTIPLES[:stages]]
        self.encoder = nn.ModuleList()
        self.decoder = nn.ModuleList()
        for stage, outside in enumerate(channels):
            inside = channels[stage - 1] if stage else 3
            n = CONVOLUTIONS[stage]
            self.encoder.append(_block([inside] + [outside] * n))
            self.decoder.append(_block([outside] * n + [inside if stage else width]))
        self.head = nn.Conv2d(width, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        switches = []
        for block in self.encoder:
            x, where = pool(block(x))
            switches.append(where)
        for block in reversed(list(self.decoder)):
            x = block(unpool(x, switches.pop()))
        return self.head(x)


def pool(x: Tensor) -> tuple[Tensor, Tensor]:
    """2x2 maxima (n, c, h/2, w/2), and a mask (n, c, h, w) of where each came from.

    Equals max_pool2d with indices (tested); a mask has a deterministic backward pass on GPUs, max_unpool
    has none.
    """
    n, c, h, w = x.shape
    windows = x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
    first = windows.argmax(-1, keepdim=True)
    chosen = first == torch.arange(4, device=x.device)
    where = chosen.reshape(n, c, h // 2, w // 2, 2, 2).permute(0, 1, 2, 4, 3, 5).reshape(n, c, h, w)
    return (windows * chosen).sum(-1), where


def unpool(x: Tensor, where: Tensor) -> Tensor:
    """Each value at its mask position, zeros elsewhere: (n, c, h/2, w/2) -> (n, c, h, w)."""
    return F.interpolate(x, scale_factor=2, mode="nearest") * where


def _block(channels: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inside, outside in pairwise(channels):
        layers += [nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
    return nn.Sequential(*layers)


def segnet_of(options: SegNet, crop_px: int) -> SegmentationNetwork:
    """For images of crop_px. Raises DataError for a side that cannot be halved so often."""
    if crop_px % 2**options.stages:
        raise DataError(
            f"training.crop_px = {crop_px} is no multiple of 2^stages = {2**options.stages}; "
            "change it or network.stages"
        )
    return SegmentationNetwork(options.width, options.stages)
