"""Whether samples are copies of training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.memorisation_score import MemorisationScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.neighbours import authenticity, nearest_distances
from pathgan.scoring.embedded_sets import fresh, named
from pathgan.scoring.score_files import Inputs, Tidy, tidy
from pathgan.stores.embedding_file import check_same_embedder
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore

SMALL_PX = 32  # images are averaged down to this side before their pixels are compared: copies need not be exact


def score(config: MemorisationScore, inputs: Inputs, category: str) -> Tidy:
    """The distance of each sample to the training image of its class next to it, and the same of real held-out images.

    `nearest_px`: root mean square of grey levels, of images averaged down to SMALL_PX; `nearest_embedding`: Euclidean.
    `copied_...`: share of samples nearer than every held-out image, which is 1 / (n_held_out + 1) of samples that are
    drawn like these. Held-out tiles are of other images than the training tiles, and further from them for that alone.
    `authentic_...`: 1 of a sample that is no copy of a training image, see `authenticity`; `..._real`: the share of
    held-out images that are not. Raises DataError without held-out images of the class, or with one training image.
    """
    manifest = read_manifest(inputs.manifest)
    trained = ids_of_split(manifest, "train", inputs.manifest.name, category)
    unseen = [row for row in manifest if row["split"] != "train" and row["class"] == category]
    if not unseen or len(trained) < 2:
        raise DataError(
            f"{inputs.manifest}: {len(trained)} training and {len(unseen)} held-out images of the class {category!r}; "
            "expected two or more, and one or more; change the dataset's split"
        )
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake, real_ids, items = real_store.images(), sample_store.images(), real_store.ids, sample_store.ids
        known, held_out = real_store.rows(trained), real_store.rows([row["id"] for row in unseen])
    if real.shape[1:] != fake.shape[1:]:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    real_embeddings, fake_embeddings = (
        fresh(inputs.real_embeddings, inputs.store),
        fresh(inputs.fake_embeddings, inputs.predicted),
    )
    check_same_embedder(inputs.real_embeddings, real_embeddings, inputs.fake_embeddings, fake_embeddings)
    spaces = {
        "px": (_pixels(real), _pixels(fake)),
        "embedding": (
            real_embeddings.of(real_ids, inputs.store).astype(np.float64),
            fake_embeddings.of(items, inputs.predicted).astype(np.float64),
        ),
    }
    each: dict[str, NDArray[np.float64]] = {}
    facts = {
        "n_images": float(len(fake)),
        "n_real": float(len(held_out)),
        "n_origins": float(len({row["group"] for row in unseen})),
    }
    for name, (of_real, of_fake) in spaces.items():
        floor, nearest = (nearest_distances(of, of_real[known]) for of in (of_real[held_out], of_fake))
        found = {
            f"nearest_{name}": nearest,
            f"copied_{name}": (nearest < floor.min()).astype(float),
            f"authentic_{name}": authenticity(of_real[known], of_fake).astype(float),
        }
        floors = {
            f"nearest_{name}_real": float(floor.mean()),
            f"authentic_{name}_real": float(authenticity(of_real[known], of_real[held_out]).mean()),
        }
        if name == "embedding":
            found, floors = (named(one, real_embeddings.embedder) for one in (found, floors))
        each |= found
        facts |= floors
    return [*tidy(items, each), *((SET, name, value) for name, value in facts.items())]


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n, h, w, 3) -> (n, d), scaled so that a Euclidean distance is a root mean square of grey levels."""
    import cv2

    side = min(SMALL_PX, *images.shape[1:3])
    small = np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images])
    return small.reshape(len(small), -1) / np.sqrt(small[0].size)
