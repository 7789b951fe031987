import csv
from dataclasses import replace
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from doing import embeddings, score, write_store
from pathgan.config.metric_names import of_own
from pathgan.config.metric_table import given_by
from pathgan.config.scores.distribution_score import DistributionScore
from pathgan.config.scores.hash_score import PerceptualHashScore
from pathgan.config.scores.instance_score import SegmentationScore, UtilityScore
from pathgan.config.scores.preservation_score import PreservationScore
from pathgan.config.scores.reconstruction_score import ReconstructionScore
from pathgan.config.scores.similarity_score import SimilarityScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.metrics import (
    density_coverage,
    frechet_distance,
    full_kernel_distance,
    gaussian_kernel_distance,
    kernel_distance,
    median_distance,
    perceptual_hash_similarity,
    precision_recall,
    structural_similarity,
)
from pathgan.scoring import distribution_scores
from pathgan.scoring.score_files import Inputs, write_scores
from pathgan.stores.embedding_file import Embedder, read_embeddings, write_embeddings
from pathgan.stores.manifest import read_manifest, rows_of_split, write_manifest
from pathgan.stores.store import STAND_IN, ImageStore

EMBEDDER = Embedder("inception", "0" * 64, "none")
SIMILARITY = SimilarityScore(kind="similarity")


@pytest.fixture
def test_split(phantom_source, tmp_path):
    """The phantom store's test images with a seam of noise, and its instances moved by a pixel."""
    rows = [i for i, row in enumerate(read_manifest(phantom_source.manifest)) if row["split"] == "test"]
    with ImageStore(phantom_source.images) as store:
        real, instances = store.images(np.array(rows)), store.instances(np.array(rows))
    fake = real.copy()
    fake[:, 10:14] = 255 - fake[:, 10:14]
    ids = [read_manifest(phantom_source.manifest)[row]["id"] for row in rows]
    write_store(tmp_path / "fake.h5", ids, images=iter(fake))
    write_store(tmp_path / "moved.h5", ids, instances=iter(np.roll(instances, 1, axis=2)))
    write_store(tmp_path / "true.h5", ids[::-1], instances=iter(instances[::-1]))  # joined by id, not by place
    return phantom_source, real, fake, tmp_path


def test_ids(source):
    return [row["id"] for row in read_manifest(source.manifest) if row["split"] == "test"]


test_ids.__test__ = False  # pytest takes the helper for a test, by its name alone


def values(scores, metric):
    return [value for _, name, value in scores if name == metric]


def inputs(source, predicted, **embeddings):
    return Inputs(predicted, Path(source.images), Path(source.manifest), **embeddings)


def test_similarity_is_item_by_item_in_the_manifests_order(test_split):
    source, real, fake, folder = test_split
    scores = score(SIMILARITY, inputs(source, folder / "fake.h5"))
    assert {name for item, name, _ in scores if item != SET} == set(given_by("similarity"))
    assert values(scores, "ms_ssim_scales") == [2]
    assert values(scores, "ssim") == pytest.approx(structural_similarity(real, fake))
    items = [item for item, name, _ in scores if name == "ssim"]
    assert items == [row["id"] for row in read_manifest(source.manifest) if row["split"] == "test"]


def test_what_comes_back_is_scored_against_what_it_was(test_split):
    source, real, fake, folder = test_split
    rows = [row["id"] for row in read_manifest(source.manifest) if row["split"] == "test"]
    write_store(folder / "there.h5", rows, images=iter(real), reconstructions=iter(fake))
    scores = score(ReconstructionScore(kind="reconstruction"), inputs(source, folder / "there.h5"))
    assert {name for item, name, _ in scores if item != SET} == set(given_by("reconstruction"))
    assert values(scores, "ssim") == pytest.approx(structural_similarity(real, fake))
    assert np.mean(values(scores, "mae")) == pytest.approx(np.abs(real.astype(float) - fake).mean())


@pytest.mark.parametrize(
    "config",
    [UtilityScore(kind="utility", segmenter="x"), SegmentationScore(kind="segmentation", dataset="x")],
    ids=lambda config: config.kind,
)
def test_instances_are_scored_against_the_test_split(test_split, config):
    source, _, _, folder = test_split
    perfect = score(config, inputs(source, folder / "true.h5"))
    moved = score(config, inputs(source, folder / "moved.h5"))
    of_contact = {"aji_touching", "aji_lone"}  # which a split without such nuclei has none of
    assert {name for _, name, _ in perfect} | of_contact == set(given_by(config.kind))
    assert set(values(perfect, "pq")) == {1.0}
    assert 0.3 < np.mean(values(moved, "aji")) < 1


def test_an_item_without_nuclei_has_no_contour_contrast_but_every_other_score(tmp_path, rng):
    images = rng.integers(0, 256, (2, 24, 24, 3), dtype=np.uint8)
    instances = np.zeros((2, 24, 24), np.int32)
    instances[0, 4:12, 4:12] = 1
    write_store(tmp_path / "a.h5", images=iter(images), instances=iter(instances))
    write_manifest(tmp_path / "a.csv", [{"id": str(i), "split": "test"} for i in range(2)])
    scores = score(SIMILARITY, Inputs(tmp_path / "a.h5", tmp_path / "a.h5", tmp_path / "a.csv"))
    assert [item for item, name, _ in scores if name == "contour_contrast"] == ["0"]
    assert values(scores, "ssim") == pytest.approx([1, 1])
    assert values(scores, "psnr") == [np.inf, np.inf]


def test_a_set_of_another_size_is_refused(test_split):
    source, _, fake, folder = test_split
    write_store(folder / "few.h5", test_ids(source)[:-1], images=iter(fake[:-1]))
    with pytest.raises(DataError, match=r"few\.h5: 1 of \d+ items are not in it, first: phantom"):
        score(SIMILARITY, inputs(source, folder / "few.h5"))


def test_images_of_another_size_are_refused(test_split):
    source, _, fake, folder = test_split
    write_store(folder / "small.h5", test_ids(source), images=iter(fake[:, :16]))
    with pytest.raises(DataError, match=r"small\.h5: holds images of \(16, 32, 3\)"):
        score(SIMILARITY, inputs(source, folder / "small.h5"))


def test_images_smaller_than_the_window_are_refused(tmp_path):
    images = np.zeros((2, 8, 8, 3), np.uint8)
    write_store(tmp_path / "a.h5", images=iter(images), instances=iter(np.zeros((2, 8, 8), np.int32)))
    write_manifest(tmp_path / "a.csv", [{"id": str(i), "split": "test"} for i in range(2)])
    with pytest.raises(DataError, match=r"a\.h5: expected images of at least 11 px, got \(8, 8\)"):
        score(SIMILARITY, Inputs(tmp_path / "a.h5", tmp_path / "a.h5", tmp_path / "a.csv"))


@pytest.fixture
def embedded(test_split, rng):
    """Embeddings of a dataset with 8 test images and of 8 samples: the files, and the vectors that are compared."""
    source, _, _, folder = test_split
    rows = rows_of_split(read_manifest(source.manifest), "test", "x")
    vectors = rng.normal(size=(len(read_manifest(source.manifest)), 64)).astype(np.float32)
    fake = vectors[rows] + rng.normal(size=(len(rows), 64)).astype(np.float32) / 2
    files = {}
    ids = [row["id"] for row in read_manifest(source.manifest)]
    for name, values, images, named in (
        ("real_embeddings", vectors, source.images, ids),
        ("fake_embeddings", fake, folder / "fake.h5", test_ids(source)),
    ):
        files[name] = folder / f"{name}.h5"
        write_embeddings(files[name], embeddings(values, EMBEDDER, images, named))
    return inputs(source, folder / "fake.h5", **files), vectors[rows], fake


def test_a_distribution_score_stands_beside_its_floors(embedded):
    files, real, fake = embedded
    assert len(real) == 8
    scores = score(DistributionScore(kind="distribution", subset_size=5), files)
    found = {name: value for item, name, value in scores if item == SET}
    assert len(found) == len(scores)
    assert set(given_by("distribution")) - {"fid_source", "kid_source"} <= set(found)
    assert found["fid"] == frechet_distance(real, fake)
    assert (found["kid"], found["kid_sd"]) == kernel_distance(real, fake, subset_size=5)
    assert (found["n_images"], found["n_real"], found["n_floor"], found["kid_subset_size"]) == (8, 8, 4, 5)
    everything = score(DistributionScore(kind="distribution"), files)
    assert values(everything, "kid_subset_size") == [8]


@pytest.mark.parametrize("n_fake", [8, 5, 4])
def test_floors_are_of_real_halves_and_at_their_number(embedded, monkeypatch, n_fake):
    """One halving, done again here: real against other real, and as few samples against the same real ones."""
    files, real, fake = embedded
    monkeypatch.setattr(distribution_scores, "N_DRAWS", 1)
    fake = fake[:n_fake]
    write_embeddings(files.fake_embeddings, embeddings(fake, EMBEDDER, files.predicted))
    found = {name: value for _, name, value in score(DistributionScore(kind="distribution", subset_size=3), files)}
    random = np.random.default_rng(0)
    order = random.permutation(8)
    one, other, few = real[order[:4]], real[order[4:]], fake[random.permutation(n_fake)[:4]]
    assert found["fid_floor"] == frechet_distance(one, other)
    assert found["fid_at_floor_n"] == frechet_distance(one, few)
    assert found["kid_floor"] == full_kernel_distance(one, other)
    assert (found["precision_floor"], found["recall_floor"]) == precision_recall(one, other)
    assert (found["density_floor"], found["ball_coverage_floor"]) == density_coverage(one, other, 3)
    assert found["mmd_floor"] == gaussian_kernel_distance(one, other, median_distance(real))
    assert ("fid_inf" in found) == (n_fake >= 5)


def test_a_distribution_is_of_the_split_that_it_names(embedded):
    files, real, fake = embedded
    every = read_embeddings(files.real_embeddings).values
    found = {name: value for _, name, value in score(DistributionScore(kind="distribution", split="all"), files)}
    assert len(every) > len(real)
    assert found["fid"] == frechet_distance(every, fake)
    assert found["n_real"] == len(every)


def test_what_doing_nothing_scores_stands_beside_a_translation(embedded, tmp_path):
    files, real, _ = embedded
    source = replace(
        files, source_store=files.store, source_manifest=files.manifest, source_embeddings=files.real_embeddings
    )
    config = DistributionScore(kind="distribution", untranslated=True)
    found = {name: value for _, name, value in score(config, source)}
    assert found["fid_source"] == pytest.approx(0, abs=1e-4)  # here the images are those that they should look like
    assert found["kid_source"] == full_kernel_distance(real, real)
    assert "fid_source" not in {name for _, name, _ in score(DistributionScore(kind="distribution"), files)}


def test_preservation_is_what_a_reader_of_real_images_says(tmp_path, rng):
    """Classes a wide gap apart: samples near one are of it, whatever they should be."""
    files: dict[str, list[Path]] = {"class_stores": [], "class_manifests": [], "class_embeddings": []}
    for k, name in enumerate(("benign", "malignant")):
        paths = {key: tmp_path / f"{name}.{key}" for key in files}
        write_store(paths["class_stores"], images=iter(np.full((12, 4, 4, 3), k, np.uint8)))
        write_manifest(
            paths["class_manifests"], [{"id": str(i), "split": "test" if i < 4 else "train"} for i in range(12)]
        )
        vectors = rng.normal(10 * k, 1, (12, 5)).astype(np.float32)
        vectors[3] = 10 * (1 - k)  # a test image that looks like the other class: nobody may learn from it
        write_embeddings(paths["class_embeddings"], embeddings(vectors, EMBEDDER, paths["class_stores"]))
        for key, path in paths.items():
            files[key].append(path)
    write_store(tmp_path / "fake.h5", images=iter(np.full((6, 4, 4, 3), 9, np.uint8)))
    fake = np.repeat([[0.0], [10.0]], [2, 4], axis=0).repeat(5, 1).astype(np.float32)
    named = [f"h{i}" for i in range(6)]
    write_embeddings(tmp_path / "f.h5", embeddings(fake, EMBEDDER, tmp_path / "fake.h5", named))
    write_manifest(tmp_path / "source.csv", [{"id": f"h{i}", "split": "test"} for i in range(6)])
    config = PreservationScore(kind="preservation", classes={"benign": "b", "malignant": "m"})
    read = Inputs(
        tmp_path / "fake.h5",
        files["class_stores"][0],
        files["class_manifests"][0],
        source_manifest=tmp_path / "source.csv",
        fake_embeddings=tmp_path / "f.h5",
        **{key: tuple(paths) for key, paths in files.items()},
    )
    for category, right in (("benign", [1, 1, 0, 0, 0, 0]), ("malignant", [0, 0, 1, 1, 1, 1])):
        scores = score(config, read, category)
        assert values(scores, "preserved") == right
        assert values(scores, "accuracy_real") == [0.75]
        assert [item for item, metric, _ in scores if metric == "preserved"] == [f"h{i}" for i in range(6)]
        assert values(scores, "n_real") == [8]
    other = Embedder("inception", "1" * 64, "none")
    write_embeddings(tmp_path / "f.h5", embeddings(fake, other, tmp_path / "fake.h5", named))
    with pytest.raises(DataError, match="their distance means nothing"):
        score(config, read, "benign")


def test_hashes_stand_beside_real_and_shuffled_pairs(embedded):
    files, real, fake = embedded
    scores = score(PerceptualHashScore(kind="perceptual_hash"), by("resnet18", files))
    each = {name for item, name, _ in scores if item != SET}
    assert set(given_by("perceptual_hash")) == each | {"p_hash_sd"}
    assert {name: value for item, name, value in scores if item == SET}["p_hash_sd"] == pytest.approx(
        np.std(values(scores, "p_hash"), ddof=1)
    )
    assert values(scores, "p_hash") == perceptual_hash_similarity(real, fake).tolist()
    assert np.mean(values(scores, "p_hash")) > np.mean(values(scores, "p_hash_shuffled")) + 0.2
    assert max(values(scores, "p_hash_real_real")) < 1  # nobody is paired with itself


def test_embeddings_of_images_that_changed_since_are_refused(embedded, test_split):
    files, *_ = embedded
    _, real, _, folder = test_split
    write_store(folder / "fake.h5", test_ids(files), images=iter(real))
    with pytest.raises(DataError, match=r"fake_embeddings\.h5: made of other images than .*fake\.h5 holds now"):
        score(PerceptualHashScore(kind="perceptual_hash"), files)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_images_for_a_distribution_are_refused(embedded, n):
    files, _, fake = embedded
    write_embeddings(files.fake_embeddings, embeddings(fake[:n], EMBEDDER, files.predicted))
    with pytest.raises(DataError, match=f"hold 8 and {n} images; expected at least 8 real and 4 synthetic"):
        score(DistributionScore(kind="distribution"), files)


def test_images_that_all_have_one_embedding_are_refused(embedded):
    files, *_ = embedded
    every = np.ones_like(read_embeddings(files.real_embeddings).values)
    ids = read_embeddings(files.real_embeddings).ids
    write_embeddings(files.real_embeddings, embeddings(every, EMBEDDER, files.store, ids))
    with pytest.raises(DataError, match=r"real_embeddings\.h5: most images have the same embedding"):
        score(DistributionScore(kind="distribution"), files)


def test_pairs_of_other_names_are_refused(embedded, tmp_path):
    files, *_ = embedded
    rows = read_manifest(files.manifest)
    source = tmp_path / "source.csv"
    score_pairs = partial(score, PerceptualHashScore(kind="perceptual_hash"), replace(files, source_manifest=source))
    write_manifest(source, rows)
    score_pairs()
    before = score_pairs()
    write_manifest(source, rows[::-1])
    assert score_pairs() == before  # another order is none of a score's business
    write_manifest(source, [row | {"id": f"other{k}"} if k == 0 else row for k, row in enumerate(rows[::-1])])
    with pytest.raises(DataError, match=r"source.csv and .*; 2 without a companion, first: other0"):
        score_pairs()


def test_scores_are_written_tidy(tmp_path):
    write_scores([("a", "ssim", 1 / 3), ("b", "psnr", float("inf"))], tmp_path / "s.csv")
    with (tmp_path / "s.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["item", "metric", "value"],
            ["a", "ssim", "0.333333333"],
            ["b", "psnr", "inf"],
        ]


def by(network, files):
    """The same embeddings, as if another network had made them."""
    for file in (files.real_embeddings, files.fake_embeddings):
        one = read_embeddings(file)
        write_embeddings(file, replace(one, embedder=replace(one.embedder, network=network)))
    return files


@pytest.mark.parametrize("kind", [DistributionScore(kind="distribution"), PerceptualHashScore(kind="perceptual_hash")])
def test_scores_of_other_features_bear_their_network_in_their_names(embedded, kind):
    files, *_ = embedded
    own, lite0 = score(kind, by(kind.network, files)), score(kind, by("lite0", files))
    assert [(item, of_own(name, "lite0"), value) for item, name, value in lite0] == own
    assert not {"fid", "kid", "p_hash", "precision"} & {name for _, name, _ in lite0}
    assert "n_images" in {name for _, name, _ in lite0}


def test_samples_of_a_stand_ins_style_are_known_as_such(embedded):
    files, *_ = embedded
    config = DistributionScore(kind="distribution")
    assert not values(score(config, files), "stand_in_style")
    with h5py.File(files.predicted, "a") as store:
        store.attrs[STAND_IN] = "vgg16"
    embeddings = read_embeddings(files.fake_embeddings)
    write_embeddings(files.fake_embeddings, replace(embeddings, images=sha256_of(files.predicted)))
    assert values(score(config, files), "stand_in_style") == [1]
