"""Architectures only: tensors in, tensors out; no loss, no data, no device."""

from pathgan.networks.focus import BaseGenerator, Critic, StackGenerator
from pathgan.networks.patchgan import PatchDiscriminator
from pathgan.networks.residual import ResidualGenerator
from pathgan.networks.segnet import SegmentationNetwork
from pathgan.networks.unet import UNetGenerator

__all__ = [
    "BaseGenerator",
    "Critic",
    "PatchDiscriminator",
    "ResidualGenerator",
    "SegmentationNetwork",
    "StackGenerator",
    "UNetGenerator",
]
