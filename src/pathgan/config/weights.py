"""Networks that others trained: where their weights come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pathgan.config.strict import Positive, Sha256, Strict

EMBEDDERS = ("inception", "resnet18")
STYLE_NETWORK = "vgg19"  # of neural style transfer
CLASSIFIERS = ("resnet152", "densenet161", "inception_v3")
NETWORKS = (*EMBEDDERS, STYLE_NETWORK, *CLASSIFIERS)  # whose weights `config/weights.yaml` names


class Weights(Strict):
    """Trained weights that are fetched, not made: an entry of `config/weights.yaml`."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]  # below data_root/weights
    url: str
    sha256: Sha256
    max_bytes: Positive  # a larger file is not downloaded
    licence: str
