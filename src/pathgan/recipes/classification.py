"""`classification`: what a classifier learns from a set of images, real, synthetic or both (SynCGAN, Sec. 4)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.classification_run import ClassificationRun
from pathgan.networks.classifiers import Classifier
from pathgan.networks.pixels import to_unit
from pathgan.training.best_weights import Best
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend
from pathgan.training.resident_data import Batch

Images = NDArray[np.uint8]
BATCH = 16


class Classification:
    """A classifier and its optimiser; with `keep: best` also the weights that did best on validation images."""

    loss_names: tuple[str, ...] = ("cross_entropy",)

    def __init__(self, run: ClassificationRun, classifier: Classifier, compute: Compute):
        self.compute, self._auxiliary_weight = compute, run.auxiliary_weight
        self.networks: dict[str, nn.Module] = {"classifier": classifier.to(compute.device)}
        if run.keep == "best":
            self.networks["best"] = Best(classifier)
        self.optimizers: dict[str, Optimizer] = {
            "classifier": adam(classifier.parameters(), run.optimizer, run.training.learning_rate)
        }

    @property
    def chosen(self) -> nn.Module:
        """The network to test."""
        best = self.networks.get("best")
        return best.network if isinstance(best, Best) else self.networks["classifier"]

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: image (n, 3, h, w) in [0, 1], label (n,) int64."""
        with self.compute.autocast():
            logits, auxiliary = self.networks["classifier"](batch["image"])
        loss = F.cross_entropy(logits.float(), batch["label"])
        total = loss
        if auxiliary is not None:
            total = loss + self._auxiliary_weight * F.cross_entropy(auxiliary.float(), batch["label"])
        descend(self.optimizers["classifier"], total)
        return {"cross_entropy": loss.detach()}

    def validate(self, images: Images, labels: NDArray[np.int64]) -> dict[str, float]:
        """Cross-entropy and accuracy on images that it does not learn from; keeps the best weights by the former."""
        classifier = self.networks["classifier"]
        probabilities = predict(classifier, images, self.compute)
        classifier.train()
        rows = np.arange(len(labels))
        loss = float(-np.log(np.maximum(probabilities[rows, labels], 1e-12)).mean())
        best = self.networks["best"]
        assert isinstance(best, Best)
        best.update(classifier, loss)
        return {"validation_loss": loss, "validation_accuracy": float((probabilities.argmax(1) == labels).mean())}


@torch.inference_mode()
def predict(classifier: nn.Module, images: Images, compute: Compute) -> NDArray[np.float64]:
    """Probabilities (n, classes) of images (n, h, w, 3) uint8."""
    classifier.eval()
    parts = []
    for start in range(0, len(images), BATCH):
        with compute.autocast():
            logits, _ = classifier(to_unit(images[start : start + BATCH], compute.device))
        parts.append(torch.softmax(logits.double(), dim=1).cpu().numpy())
    return np.concatenate(parts)
