"""What a classifier of real images still sees in samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pathgan.config.scores.preservation_score import PreservationScore
from pathgan.config.table_types import SET
from pathgan.metrics.linear_reader import LinearReader
from pathgan.scoring.embedded_sets import fresh, named
from pathgan.scoring.score_files import Inputs, Tidy, test_ids, tidy
from pathgan.stores.embedding_file import check_same_embedder
from pathgan.stores.manifest import ids_of_split, read_manifest


def score(config: PreservationScore, inputs: Inputs, category: str) -> Tidy:
    """Whether samples that should be of class `category` are read as such, image by image (1 or 0).

    The reader is a logistic regression on the embeddings of real training images of every class, classes weighted
    alike. `accuracy_real`: its accuracy on real test images, the mean over classes: what a perfect sample could reach.
    """
    fake = fresh(inputs.fake_embeddings, inputs.predicted)
    known = {}
    for name, files in zip(config.classes, zip(*_class_files(inputs), strict=True), strict=True):
        embeddings = fresh(files[0], files[1])
        check_same_embedder(files[0], embeddings, inputs.fake_embeddings, fake)
        manifest = read_manifest(files[2])
        known[name] = {
            side: embeddings.of(ids_of_split(manifest, side, files[2].name), files[0]) for side in ("train", "test")
        }
    reader = LinearReader({name: sides["train"] for name, sides in known.items()})
    right = {name: reader.read(sides["test"]) == name for name, sides in known.items()}
    items = test_ids(inputs.source_manifest or inputs.manifest)
    preserved = reader.read(fake.of(items, inputs.predicted)) == category
    accuracy = {"accuracy_real": float(np.mean([values.mean() for values in right.values()]))}
    facts = named(accuracy, fake.embedder) | {
        "n_images": float(len(preserved)),
        "n_real": float(sum(map(len, right.values()))),
    }
    each = tidy(items, named({"preserved": preserved.astype(float)}, fake.embedder))
    return [*each, *((SET, name, value) for name, value in facts.items())]


def _class_files(inputs: Inputs) -> tuple[tuple[Path, ...], ...]:
    return inputs.class_embeddings, inputs.class_stores, inputs.class_manifests
