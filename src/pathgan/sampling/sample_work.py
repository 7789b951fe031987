"""What every sampler is given beside its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pathgan.stores.source import Source
from pathgan.stores.weight_facts import facts_of, merged


@dataclass(frozen=True)
class Pretrained:
    """A network that others trained, the file of its weights, and what its sha256 must be."""

    network: str
    file: Path
    sha256: str


@dataclass(frozen=True)
class SampleWork:
    """sources: by the names of `GeneratingRun.sample_uses`. weights: by those of the run's `exports`, and `drawn`.

    pretrained: for a run with a `network_used`.
    """

    sources: Mapping[str, Source]
    weights: Mapping[str, Path]
    seed: int
    out: Path
    device: str = "auto"
    threads: int = 1
    pretrained: Pretrained | None = None

    @property
    def facts(self) -> dict[str, str]:
        """What the weights say of themselves, and their samples must."""
        return merged(map(facts_of, self.weights.values()))


def sample_ids(n: int) -> list[str]:
    """Of samples that are of no image."""
    return [f"sample{index:05d}" for index in range(n)]
