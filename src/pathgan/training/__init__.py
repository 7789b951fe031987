"""The one training loop, and what it stands on: devices, data order, checkpoints, the lease."""

from pathgan.training.data import TrainingData, Unpaired
from pathgan.training.devices import Compute, compute_on
from pathgan.training.loop import History, Interrupted, Recipe, train

__all__ = ["Compute", "History", "Interrupted", "Recipe", "TrainingData", "Unpaired", "compute_on", "train"]
