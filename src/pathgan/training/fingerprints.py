"""What a training state belongs to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fingerprint(settings: Any, fields: Mapping[str, NDArray[np.uint8]]) -> str:
    """One name for settings (as JSON), seed, arithmetic and every byte of the data; the state names its code."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, values in fields.items():
        digest.update(f"{name}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
