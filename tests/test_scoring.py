import csv
from pathlib import Path

import numpy as np
import pytest

from pathgan.config.plan import SCORE_METRICS
from pathgan.datasets.store import ImageStore, read_manifest, write_manifest, write_store
from pathgan.errors import DataError
from pathgan.metrics import structural_similarity
from pathgan.scoring import score, write_scores


@pytest.fixture
def test_split(phantom_source, tmp_path):
    """The phantom store's test images with a seam of noise, and its instances moved by a pixel."""
    rows = [i for i, row in enumerate(read_manifest(phantom_source.manifest)) if row["split"] == "test"]
    with ImageStore(phantom_source.images) as store:
        real, instances = store.images(np.array(rows)), store.instances(np.array(rows))
    fake = real.copy()
    fake[:, 10:14] = 255 - fake[:, 10:14]
    write_store(tmp_path / "fake.h5", images=iter(fake))
    write_store(tmp_path / "moved.h5", instances=iter(np.roll(instances, 1, axis=2)))
    write_store(tmp_path / "true.h5", instances=iter(instances))
    return phantom_source, real, fake, tmp_path


def values(scores, metric):
    return [value for _, name, value in scores if name == metric]


def test_similarity_is_item_by_item_in_the_manifests_order(test_split):
    source, real, fake, folder = test_split
    scores = score("similarity", folder / "fake.h5", Path(source.images), Path(source.manifest))
    assert {name for _, name, _ in scores} == set(SCORE_METRICS["similarity"])
    assert values(scores, "ssim") == pytest.approx(structural_similarity(real, fake))
    items = [item for item, name, _ in scores if name == "ssim"]
    assert items == [row["id"] for row in read_manifest(source.manifest) if row["split"] == "test"]


@pytest.mark.parametrize("kind", ["utility", "segmentation"])
def test_instances_are_scored_against_the_test_split(test_split, kind):
    source, _, _, folder = test_split
    perfect = score(kind, folder / "true.h5", Path(source.images), Path(source.manifest))
    moved = score(kind, folder / "moved.h5", Path(source.images), Path(source.manifest))
    assert {name for _, name, _ in perfect} == set(SCORE_METRICS[kind])
    assert set(values(perfect, "pq")) == {1.0}
    assert 0.3 < np.mean(values(moved, "aji")) < 1


def test_an_item_without_nuclei_has_no_contour_contrast_but_every_other_score(tmp_path, rng):
    images = rng.integers(0, 256, (2, 24, 24, 3), dtype=np.uint8)
    instances = np.zeros((2, 24, 24), np.int32)
    instances[0, 4:12, 4:12] = 1
    write_store(tmp_path / "a.h5", images=iter(images), instances=iter(instances))
    write_manifest(tmp_path / "a.csv", [{"id": str(i), "split": "test"} for i in range(2)])
    scores = score("similarity", tmp_path / "a.h5", tmp_path / "a.h5", tmp_path / "a.csv")
    assert [item for item, name, _ in scores if name == "contour_contrast"] == ["0"]
    assert values(scores, "ssim") == pytest.approx([1, 1])


def test_a_set_of_another_size_is_refused(test_split):
    source, _, fake, folder = test_split
    write_store(folder / "few.h5", images=iter(fake[:-1]))
    with pytest.raises(DataError, match=r"few\.h5: holds \d+ images, the test split has"):
        score("similarity", folder / "few.h5", Path(source.images), Path(source.manifest))


def test_scores_are_written_tidy(tmp_path):
    write_scores([("a", "ssim", 1 / 3), ("b", "psnr", float("inf"))], tmp_path / "s.csv")
    with (tmp_path / "s.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["item", "metric", "value"],
            ["a", "ssim", "0.333333333"],
            ["b", "psnr", "inf"],
        ]
