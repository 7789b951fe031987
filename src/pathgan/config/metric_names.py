"""Names of metrics that rest on a network's features: FID and KID mean Inception, and others say whose they are.

`fid` of Lite0's features is `fd_lite0`, `plane_kid_floor` is `plane_kd_floor_lite0`, `kid/+1` is `kd_lite0/+1`,
`precision` is `precision_lite0`.
"""

from __future__ import annotations

import re

LABELS = {"inception": "Inception", "resnet18": "ResNet-18", "lite0": "Lite0", "squeezenet": "SqueezeNet"}


def of_network(key: str, network: str) -> str:
    """The name of a metric of the features of another network than its own."""
    head, slash, one = key.partition("/")
    return re.sub(r"(^|_)([fk])id(?=_|$)", r"\1\2d", head) + f"_{network}{slash}{one}"


def of_own(key: str, network: str) -> str:
    """The other way round; a key that does not name `network` stays as it is."""
    head, slash, one = key.partition("/")
    if not head.endswith(f"_{network}"):
        return key
    return re.sub(r"(^|_)([fk])d(?=_|$)", r"\1\2id", head.removesuffix(f"_{network}")) + f"{slash}{one}"
