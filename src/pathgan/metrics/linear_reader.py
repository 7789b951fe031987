"""A linear classifier of embeddings: what can be read from them without training a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

REGULARISATION = 1.0  # C of the logistic regression: scikit-learn's default


class LinearReader:
    """Logistic regression on standardised embeddings, classes weighted alike.

    known: class -> (n, d) embeddings of real images. Raises ValueError for fewer than two classes.
    """

    def __init__(self, known: Mapping[str, NDArray[np.floating]]):
        from sklearn.linear_model import LogisticRegression  # a second to import, which other scores need not pay
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        if len(known) < 2:
            raise ValueError(f"expected two or more classes, got {', '.join(known) or 'none'}")
        labels = np.repeat(list(known), [len(values) for values in known.values()])
        regression = LogisticRegression(C=REGULARISATION, class_weight="balanced", max_iter=1000)
        vectors = np.concatenate(list(known.values())).astype(np.float64)
        self._pipeline = make_pipeline(StandardScaler(), regression).fit(vectors, labels)

    def read(self, vectors: NDArray[np.floating]) -> NDArray[np.str_]:
        """The class of each of (n, d) embeddings."""
        return np.asarray(self._pipeline.predict(vectors.astype(np.float64)))
