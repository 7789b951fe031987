"""The one training loop, and what it stands on: devices, data order, checkpoints, the lease."""

from pathgan.training.data import TrainingData, Unpaired
from pathgan.training.devices import Compute, check_gpus, compute_on
from pathgan.training.loop import History, Interrupted, Recipe, train

__all__ = [
    "Compute",
    "History",
    "Interrupted",
    "Recipe",
    "TrainingData",
    "Unpaired",
    "check_gpus",
    "compute_on",
    "train",
]
