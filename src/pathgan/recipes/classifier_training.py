"""From training sets to what a classifier that learned from each says of the same test images."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.runs.classification_run import HELD_OUT, ClassificationRun
from pathgan.errors import DataError
from pathgan.files import atomic, write_rows
from pathgan.networks.checked_weights import check_weights
from pathgan.networks.classifiers import INCEPTION_PX, LEAST_PX, Classifier
from pathgan.provenance.attempts import current, note
from pathgan.recipes.classification import Classification, Images, predict
from pathgan.resizing import resized
from pathgan.stores.source import Source
from pathgan.stores.store import RESUMED_STALE
from pathgan.stores.weight_facts import merged
from pathgan.training import loop
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.devices import Compute, compute_on
from pathgan.training.fingerprints import fingerprint
from pathgan.training.lease import Lease
from pathgan.training.resident_data import TrainingData
from pathgan.training.run_training import Job, Work
from pathgan.training.states_aside import (
    SHOWN,
    folders_aside,
    forget_oldest,
    is_ours,
    place_aside,
    set_aside,
    set_unknown_aside,
)

log = logging.getLogger(__name__)
Row = list[Any]
OUTPUTS = {
    "predictions": ("trained_on", "item", "class", "predicted", "probability", "first_weights", "resumed_stale"),
    "training_sets": ("trained_on", "images", "item", "class"),
    "history": ("trained_on", "iteration", "cross_entropy"),
    "evaluations": ("trained_on", "iteration", "epoch", "validation_loss", "validation_accuracy"),
}


@dataclass(frozen=True)
class Labelled:
    """n images (n, px, px, 3) uint8 with their labels (n,), the numbers of their classes; names say which they are."""

    images: Images
    labels: NDArray[np.int64]
    names: list[str]
    field_px: tuple[int, ...]  # height and width before they were brought to px


def train(run: ClassificationRun, work: Work) -> None:
    """Trains `run.network` on each set from the same first weights, tests each, and writes what OUTPUTS names.

    work.facts: `ratios`, sample set -> samples for each training image of its class. A set that an earlier job
    finished is not trained again. Raises DataError for a set that is too small, images without a class, and held-out
    images whose tile neighbours are in training.
    """
    _check_size(run)
    job, weights = work.job, work.pretrained
    held_out = {side: work.sources[name] for name, side in HELD_OUT.items()}
    with Lease(job.state_dir) as lease:
        compute = compute_on(job.device, job.threads, run.training.precision)
        real = held_out["test"].model_copy(update={"split": "train"})
        classes = sorted({row["class"] for row in real.model_copy(update={"split": "all"}).manifest_rows()})
        if "" in classes or len(classes) < 2:
            raise DataError(
                f"{real.manifest}: expected images of two classes or more, got {classes}; name their classes"
            )
        _check_apart(real, held_out)
        read = {name: _labelled(work.sources[name], classes, run.training.crop_px) for name in run.items}
        _check_ratios(read, real, work.facts.get("ratios", {}), classes)
        _check_classes({name: [read[item] for item in items] for name, items in run.train_on.items()}, classes)
        sides = ("validation", "test") if run.keep == "best" else ("test",)
        judged = {side: _labelled(held_out[side], classes, run.training.crop_px) for side in sides}
        _check_fields_of_view(read | judged)
        torch.manual_seed(job.seed)
        if weights is None:
            log.info("no weights of %s: random ones are the first", run.network)
        else:
            check_weights(*weights)
        first = Classifier(run.network, len(classes), weights and weights[0], run.auxiliary_weight > 0)
        found: dict[str, list[Row]] = {name: [] for name in OUTPUTS}
        for name, items in run.train_on.items():
            log.info("training on %s", name)
            known = _joined([read[item] for item in items])
            task = _Task(run, first, known, judged, weights[1] if weights else "random", classes)
            made = task.result(job, name, compute, lease)
            inherited = merged(work.sources[item].resumed_stale for item in items)
            made["predictions"] = _said(made["predictions"], inherited.get(RESUMED_STALE, ""))
            for output, rows in made.items():
                found[output] += [[name, *row] for row in rows]
            found["training_sets"] += [[name, item, *row] for item in items for row in _listed(read[item], classes)]
        for output, path in work.outputs.items():
            write_rows(path, OUTPUTS[output], found[output])


@dataclass(frozen=True)
class _Task:
    """One training set."""

    run: ClassificationRun
    first: Classifier
    known: Labelled
    judged: Mapping[str, Labelled]
    first_weights: str  # their sha256, or `random`
    classes: list[str]

    def result(self, job: Job, name: str, compute: Compute, lease: Lease) -> dict[str, list[Row]]:
        """Rows of `predictions`, `history` and `evaluations`; read where an earlier job has left them."""
        options, file = self.run.training, job.state_dir / f"{name}.json"
        fields = {"known": self.known.images, **{side: one.images for side, one in self.judged.items()}}
        labels = [one.labels.tolist() for one in (self.known, *self.judged.values())]
        settings = [
            self.classes,
            self.judged["test"].names,
            self.run.model_dump(
                mode="json", exclude={"train_on": True, "training": {"checkpoint_minutes"}}, exclude_defaults=True
            ),
            labels,
            self.first_weights,
            job.seed,
            [compute.device.type, torch.__version__, job.threads],
        ]
        mark = fingerprint(settings, fields)
        if (done := _finished(file, mark, job)) is not None:
            return done
        torch.manual_seed(job.seed)  # a set's result does not depend on those before it
        recipe = Classification(self.run, copy.deepcopy(self.first), compute)
        data = TrainingData(
            {"image": self.known.images},
            options.batch_size,
            options.crop_px,
            options.augment,
            job.seed,
            compute.device,
            labels=self.known.labels,
        )
        validation, test = self.judged.get("validation"), self.judged["test"]
        measure = None if validation is None else lambda: recipe.validate(validation.images, validation.labels)
        checkpoints = Checkpoints(job.state_dir / name, mark, job.code, job.resume_stale)
        history, evaluations = loop.train(
            recipe, data, options, compute, lease, checkpoints, job.deadline, measure, keep_last=False
        )
        probabilities = predict(recipe.chosen, test.images, compute)
        rows = {
            "predictions": list(self._predictions(test, probabilities, " ".join(checkpoints.resumed_stale))),
            "history": [[int(row[0]), float(f"{row[1]:.6g}")] for row in history.rows],
            "evaluations": [[int(row["iteration"]), *list(row.values())[1:]] for row in evaluations.rows],
        }
        with atomic(file) as temporary:
            temporary.write_text(
                json.dumps({"fingerprint": mark, "code": job.code, "attempt": current(), "rows": rows})
            )
        shutil.rmtree(checkpoints.folder, ignore_errors=True)
        return rows

    def _predictions(self, test: Labelled, probabilities: NDArray[np.float64], resumed_stale: str) -> Iterator[Row]:
        for name, label, row in zip(test.names, test.labels, probabilities, strict=True):
            predicted = int(row.argmax())
            likely = float(f"{row[predicted]:.6g}")
            yield [name, self.classes[label], self.classes[predicted], likely, self.first_weights, resumed_stale]


def _finished(file: Path, mark: str, job: Job) -> dict[str, list[Row]] | None:
    """The rows of a set that an earlier job of the same settings and data has finished; None where none has.

    Those that other code made are set aside; with `resume_stale` the newest of them are taken, and say so.
    """
    if file.exists() and not is_ours(left := json.loads(file.read_text())):
        set_unknown_aside(file)
    elif file.exists() and left["code"] != job.code:
        set_aside(file, left["code"])
    forget_oldest(file.parent, kept=job.code)
    others = reversed(folders_aside(file.parent)) if job.resume_stale else ()
    for place in (file, *(folder / file.name for folder in (place_aside(file.parent, job.code), *others))):
        if not place.exists() or (done := json.loads(place.read_text()))["fingerprint"] != mark or not is_ours(done):
            continue
        rows: dict[str, list[Row]] = done["rows"]
        if done["code"] == job.code:
            return rows
        log.warning("%s: taken from other code, as resume_stale asks for", place)
        note(resumed_stale=done["code"][:SHOWN])
        return rows | {"predictions": _said(rows["predictions"], done["code"][:SHOWN])}
    return None


def _said(predictions: list[Row], resumed_stale: str) -> list[Row]:
    """Rows whose last column also names these other codes."""
    return [[*row[:-1], " ".join(dict.fromkeys(f"{row[-1]} {resumed_stale}".split()))] for row in predictions]


def _labelled(source: Source, classes: list[str], px: int) -> Labelled:
    """The images of a source at px x px. Raises DataError for a class that is not among `classes`."""
    images, names = source.images_of_split(), source.ids
    if source.manifest:
        categories = [row["class"] for row in source.manifest_rows()]
    else:
        categories = [source.category] * len(images)
    unknown = sorted(set(categories) - set(classes))
    if unknown:
        raise DataError(f"{source.images}: expected the classes {', '.join(classes)}, got {unknown[0]!r}")
    labels = np.array([classes.index(category) for category in categories], np.int64)
    return Labelled(np.stack([resized(image, px) for image in images]), labels, names, images.shape[1:3])


def _listed(one: Labelled, classes: list[str]) -> Iterator[Row]:
    for name, label in zip(one.names, one.labels, strict=True):
        yield [name, classes[label]]


def _joined(parts: list[Labelled]) -> Labelled:
    return Labelled(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        [name for part in parts for name in part.names],
        parts[0].field_px,
    )


def _check_classes(sets: Mapping[str, list[Labelled]], classes: list[str]) -> None:
    """Raises DataError for a training set that lacks a class, which would be tested all the same."""
    for name, parts in sets.items():
        lacking = [
            category for index, category in enumerate(classes) if not any((p.labels == index).any() for p in parts)
        ]
        if lacking:
            raise DataError(f"train_on.{name}: has no images of the class {lacking[0]!r}; add samples of it")


def _check_fields_of_view(read: Mapping[str, Labelled]) -> None:
    """Raises DataError for images of several sizes: brought to one they would be of several magnifications."""
    sizes = {name: one.field_px for name, one in read.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {width} x {height} px" for name, (height, width) in sizes.items())
        raise DataError(
            f"train_on: expected images of one size, got {told}; make training.crop_px of GANs tiles.tile_px"
        )


def _check_size(run: ClassificationRun) -> None:
    px, least = run.training.crop_px, LEAST_PX[run.network]
    if px < least:
        raise DataError(f"training.crop_px = {px}: {run.network} needs {least} px or more; raise it")
    if run.network == "inception_v3" and run.auxiliary_weight > 0 and px < INCEPTION_PX:
        raise DataError(
            f"training.crop_px = {px}: Inception-V3's second classifier needs {INCEPTION_PX} px; raise it, or set "
            "auxiliary_weight to 0"
        )


def _check_apart(real: Source, held_out: Mapping[str, Source]) -> None:
    """Raises DataError where a held-out image is of the same image, slide or patient as a training one."""
    training = real.manifest_rows()
    seen = {key for row in training for key in _origins(row)}
    for side, source in held_out.items():
        for row in source.manifest_rows() if side == "test" or _has(source) else ():
            shared = seen & set(_origins(row))
            if shared:
                raise DataError(
                    f"{source.manifest}: {row['id']} is in {side}, but other tiles of {sorted(shared)[0][1]} are in "
                    "training; split by image, slide or patient, never by tile"
                )


def _has(source: Source) -> bool:
    return any(row["split"] == source.split for row in source.model_copy(update={"split": "all"}).manifest_rows())


def _origins(row: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a tile is of: its group, and its file where it is of one."""
    return [("group", row["group"])] + ([("source", row["source"])] if row["sha256"] else [])


def _check_ratios(read: Mapping[str, Labelled], real: Source, ratios: Mapping[str, int], classes: list[str]) -> None:
    """Raises DataError for a sample set that is smaller or larger than asked."""
    categories = [row["class"] for row in real.manifest_rows()]
    for name, ratio in ratios.items():
        if name not in read:
            continue
        category = classes[read[name].labels[0]] if len(read[name].labels) else ""
        n, expected = len(read[name].labels), ratio * categories.count(category)
        if n != expected:
            raise DataError(
                f"{name}: holds {n} samples, expected {expected}: {ratio} for each of {categories.count(category)} "
                f"training images of the class {category!r}; make the samples again with --force"
            )
