"""What the scripts of rules do, called with a test's own objects in place of Snakemake's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pathgan.config.runs.run import GeneratingRun, TrainedRun
from pathgan.config.scores.score import Score
from pathgan.datasets.items import Item
from pathgan.files import sha256_of
from pathgan.render.table_inputs import TableInputs
from pathgan.sampling.sample_work import Pretrained, SampleWork
from pathgan.scoring.score_files import Inputs, Tidy, facts_of_images
from pathgan.stores import store as stores
from pathgan.stores.embedding_file import Embedder, Embeddings
from pathgan.stores.source import Source
from pathgan.training.run_training import Job, Work

Weights = tuple[Path, str] | None


def prepare(dataset: Any, data_root: Path, store: Path, manifest: Path) -> int:
    """The number of tiles, or of masks where there are no images."""
    return list(dataset.prepare(data_root, store, manifest).values())[-1]


def read_items(dataset: Any, data_root: Path) -> Iterator[Item]:
    return dataset.items(data_root)


def write_store(path: Path, ids: Sequence[str] | None = None, attributes: Any = None, **fields: Any) -> int:
    """A store whose items are called 0, 1, 2, ... where they have no ids of their own."""
    made: list[str] = []

    def counted(items: Iterable[Any]) -> Iterable[Any]:
        for item in items:
            made.append(str(len(made)))
            yield item

    name, items = next(iter(fields.items()))
    if ids is None:
        fields[name] = counted(items)
    return stores.write_store(path, made if ids is None else ids, attributes, **fields)


def train_run(
    run: TrainedRun,
    sources: Sequence[Source],
    job: Job,
    outputs: Mapping[str, Path],
    first: Mapping[str, Path] | None = None,
    pretrained: Weights = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """sources: in the order of `run.uses`."""
    named = dict(zip(run.uses, sources, strict=True))
    import_module(run.trainer).train(run, Work(named, job, outputs, first or {}, pretrained, facts or {}))


def _make(module: str, options: Mapping[str, Any], work: SampleWork) -> int:
    made: int = import_module(module).make(options, work)
    return made


def synthesize(
    run: GeneratingRun, weights: Path, source: Source, out: Path, device: str = "cpu", inverse: Path | None = None
) -> int:
    (name,) = run.sample_uses("any", "test")
    given = {"weights": weights} | ({"inverse": inverse} if inverse else {})
    return _make(run.sampler, run.sampling_options(), SampleWork({name: source}, given, 0, out, device))


def _learned(n: int) -> Any:
    return {"learned": SimpleNamespace(ids=[str(k) for k in range(n)])}


def draw_samples(run: Any, weights: Path, n: int, seed: int, out: Path, device: str = "cpu") -> int:
    """n samples: as of n images at a ratio of one."""
    options = run.sampling_options() | {"ratio": 1}
    return _make(run.sampler, options, SampleWork(_learned(n), {"weights": weights}, seed, out, device))


def compose(
    run: Any, drawn: Any, weights: Path, drawn_weights: Path, n: int, seed: int, out: Path, device: str = "cpu"
) -> int:
    options = {"applied": run.sampling_options(), "drawn": drawn.sampling_options() | {"ratio": 1}}
    given = {"weights": weights, "drawn": drawn_weights}
    return _make(run.composer, options, SampleWork(_learned(n), given, seed, out, device))


def stylize(run: Any, source: Source, style: Source, pretrained: Pretrained, seed: int, out: Path) -> int:
    work = SampleWork({"source": source, "style": style}, {}, seed, out, "cpu", pretrained=pretrained)
    return _make(run.sampler, run.sampling_options(), work)


def augment(run: Any, source: Source, seed: int, out: Path) -> int:
    return _make(run.sampler, run.sampling_options(), SampleWork({"images": source}, {}, seed, out))


def defocus(run: Any, train: Source, test: Source, seed: int, out: Path) -> int:
    return _make(run.sampler, run.sampling_options(), SampleWork({"train": train, "test": test}, {}, seed, out))


def score(config: Score, inputs: Inputs, category: str = "") -> Tidy:
    return [*import_module(config.scorer).score(config, inputs, category), *facts_of_images(inputs.predicted)]


def embeddings(values: Any, embedder: Embedder, images: Path, ids: Sequence[str] | None = None) -> Embeddings:
    """Of a store; its items are called 0, 1, 2, ... where they have no ids of their own."""
    return Embeddings(values, embedder, sha256_of(images), tuple(ids or map(str, range(len(values)))))


def judge_by(caveats: Mapping[str, str]) -> Any:
    """Of cells whose settings and data are the paper's; caveats: dataset -> why its numbers may not be compared."""
    return TableInputs(caveats, {}, {}, {}, {}, {}, [], [], {}, {}).judge
