"""Scores that claims need: spectra, structure, colours of what comes back, nuclei read from maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from doing import embeddings, score, write_store
from pathgan.claims.rules import levels_off
from pathgan.config.runs.map_run import MapRun
from pathgan.config.runs.mixture_run import ColourMixture
from pathgan.config.scores.distribution_score import DistributionScore
from pathgan.config.scores.reconstruction_score import ReconstructionScore
from pathgan.config.scores.spectrum_score import SpectrumScore
from pathgan.config.scores.stain_score import StainScore
from pathgan.config.scores.structure_score import StructureScore
from pathgan.errors import DataError
from pathgan.masks.colour_nuclei import segment_nuclei
from pathgan.masks.polygon_maps import random_polygons
from pathgan.metrics import dice_coefficient, frechet_distance, jaccard_by_contact
from pathgan.metrics.spectra import radial_spectra
from pathgan.metrics.stain_amounts import divergences, stain_histograms
from pathgan.sampling.map_reading import segment_store
from pathgan.scoring.score_files import Inputs, another
from pathgan.stains import beer_lambert
from pathgan.stores.embedding_file import Embedder, write_embeddings
from pathgan.stores.manifest import write_manifest
from pathgan.stores.store import ImageStore


def waves(*cycles: float, n_px: int = 64, contrast: float = 60.0) -> np.ndarray:
    """A grey image of waves across, so many cycles each."""
    x = np.arange(n_px) / n_px
    field = 128 + contrast * sum(np.sin(2 * np.pi * one * x) for one in cycles) / len(cycles)
    return np.broadcast_to(field.round().astype(np.uint8)[None, :, None], (n_px, n_px, 3)).copy()


def files(folder: Path, real: np.ndarray, fake: np.ndarray, **more: Path) -> Inputs:
    write_store(folder / "real.h5", images=iter(real))
    write_store(folder / "fake.h5", images=iter(fake))
    write_manifest(folder / "real.csv", [{"id": str(i), "split": "test"} for i in range(len(real))])
    return Inputs(folder / "fake.h5", folder / "real.h5", folder / "real.csv", **more)


def found(scores: list, name: str) -> list[float]:
    return [value for _, metric, value in scores if metric == name]


@pytest.mark.parametrize("cycles", [4, 13, 27])
def test_a_wave_has_its_power_at_its_frequency(cycles: int) -> None:
    spectrum = radial_spectra(waves(cycles)[None])[0]
    assert len(spectrum) == 32
    assert spectrum.argmax() + 1 == cycles
    turned = radial_spectra(waves(cycles).transpose(1, 0, 2)[None])[0]
    assert turned == pytest.approx(spectrum)
    assert (radial_spectra(np.full((1, 64, 64, 3), 90, np.uint8)) == -6).all()


def test_a_blurred_image_is_further_from_real_ones_than_they_are_from_each_other(tmp_path: Path, rng) -> None:
    real = rng.integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in real])
    config = SpectrumScore(kind="spectrum")
    scores = score(config, files(tmp_path, real, np.concatenate([real[:1], blurred])))
    distances, (floor,) = found(scores, "spectrum_distance"), found(scores, "spectrum_distance_real")
    assert distances[0] < 2 * floor < min(distances[1:])
    spectra = radial_spectra(real)
    expected = np.mean(
        [np.sqrt(np.mean((one - np.delete(spectra, i, 0).mean(0)) ** 2)) for i, one in enumerate(spectra)]
    )
    assert floor == pytest.approx(expected)
    with pytest.raises(DataError, match="one image of the split 'test'; expected two or more"):
        score(config, files(tmp_path / "one", real[:1], real))
    with pytest.raises(DataError, match=r"holds images of \(32, 32, 3\)"):
        score(config, files(tmp_path / "other", real, real[:, :32, :32]))


def test_nuclei_that_stay_where_they_were_and_nuclei_that_do_not(tmp_path: Path) -> None:
    masks = random_polygons(5, 64, 3)
    images = np.zeros((5, 64, 64, 3), np.uint8)
    given = files(tmp_path, images, images, real_instances=tmp_path / "r.h5", fake_instances=tmp_path / "f.h5")
    write_store(tmp_path / "r.h5", instances=iter(masks))
    write_store(tmp_path / "f.h5", instances=iter(masks))
    scores = score(StructureScore(kind="structure", segmenter="n"), given)
    assert found(scores, "structure_dice") == [1.0] * 5
    others = masks[another(5)]
    assert found(scores, "structure_dice_shuffled") == [
        dice_coefficient(*pair) for pair in zip(others, masks, strict=True)
    ]


def stained(haematoxylin: float, eosin: float) -> np.ndarray:
    amounts = {"haematoxylin": np.full((16, 16), haematoxylin), "eosin": np.full((16, 16), eosin)}
    return beer_lambert(amounts).round().astype(np.uint8)


def test_what_doing_nothing_would_score_of_colours(tmp_path: Path) -> None:
    real, fake, source = (np.stack([stained(*one)] * 4) for one in ((1.0, 0.2), (1.0, 0.2), (0.2, 0.8)))
    write_store(tmp_path / "s.h5", images=iter(source))
    given = files(tmp_path, real, fake, source_store=tmp_path / "s.h5", source_manifest=tmp_path / "real.csv")
    config = StainScore(kind="stain", untranslated=True)
    scores = score(config, given)
    for channel in ("haematoxylin", "counterstain"):
        assert found(scores, f"{channel}_js")[0] == pytest.approx(0, abs=0.02)
        assert found(scores, f"{channel}_js_source")[0] > 0.8
    assert not found(score(StainScore(kind="stain"), given), "haematoxylin_js_source")


def test_colours_of_a_reconstruction(tmp_path: Path) -> None:
    real = np.stack([stained(0.6, 0.3), stained(0.2, 0.9)])
    given = files(tmp_path, real, real)
    back = np.stack([real[0], stained(0.9, 0.2)])
    write_store(tmp_path / "fake.h5", images=iter(real), reconstructions=iter(back))
    same, other = found(score(ReconstructionScore(kind="reconstruction"), given), "colour_js")
    counts = [stain_histograms(one[1:], ("haematoxylin", "eosin"))[0][0] for one in (real, back)]
    assert same == 0
    assert other == pytest.approx(np.mean([divergences(*pair)[1] for pair in zip(*counts, strict=True)]))


def test_a_distribution_of_a_class_is_held_against_real_images_of_it(tmp_path: Path, rng) -> None:
    images = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    given = files(tmp_path, images, images[:8], real_embeddings=tmp_path / "re.h5", fake_embeddings=tmp_path / "fe.h5")
    rows = [{"id": str(i), "split": "test", "class": "benign" if i < 10 else "malignant"} for i in range(20)]
    write_manifest(tmp_path / "real.csv", rows)
    real, fake = rng.normal(size=(20, 3)).astype(np.float32), rng.normal(size=(8, 3)).astype(np.float32)
    embedder = Embedder("inception", "0" * 64, "none")
    write_embeddings(tmp_path / "re.h5", embeddings(real, embedder, tmp_path / "real.h5"))
    write_embeddings(tmp_path / "fe.h5", embeddings(fake, embedder, tmp_path / "fake.h5"))
    scores = score(DistributionScore(kind="distribution"), given, "malignant")
    assert found(scores, "fid") == [frechet_distance(real[10:], fake)]
    assert found(scores, "n_real") == [10]


def test_maps_tell_touching_nuclei_apart_and_a_mask_does_not(tmp_path: Path) -> None:
    true = np.zeros((1, 48, 80), np.int32)
    cv2.circle(true[0], (20, 24), 12, 1, -1)
    cv2.circle(true[0], (41, 24), 10, 2, -1)
    cv2.circle(true[0], (66, 24), 8, 3, -1)
    write_store(tmp_path / "true.h5", images=iter(np.zeros((1, 48, 80, 3), np.uint8)), instances=iter(true))
    touching = {}
    for condition in ("mask", "distance_map", "skeleton_map"):
        run = MapRun(recipe="map_reading", condition=condition)
        segment_store(run, tmp_path / "true.h5", 0, tmp_path / f"{condition}.h5")
        with ImageStore(tmp_path / f"{condition}.h5") as store:
            read = store.instances()[0]
            assert ((read > 0) == (true[0] > 0)).all()
        touching[condition], lone = jaccard_by_contact(true[0], read)
        assert lone == 1
    assert touching["mask"] < 0.7 < 0.95 < min(touching["distance_map"], touching["skeleton_map"])


def test_a_map_is_read_of_a_data_set_with_masks(tmp_path: Path) -> None:
    write_store(tmp_path / "plain.h5", images=iter(np.zeros((1, 8, 8, 3), np.uint8)))
    with pytest.raises(DataError, match="holds no 'instances', only images"):
        segment_store(MapRun(recipe="map_reading", condition="mask"), tmp_path / "plain.h5", 0, tmp_path / "o.h5")
    assert not (tmp_path / "o.h5").exists()


def test_plain_thresholds_take_cytoplasm_for_nuclei() -> None:
    image = np.full((160, 160, 3), (235, 225, 235), np.uint8)
    for x in (40, 110):
        cv2.circle(image, (x, 80), 26, (190, 160, 200), -1)  # cytoplasm
        cv2.circle(image, (x, 80), 10, (80, 50, 130), -1)
    nuclei = np.zeros((160, 160), np.int32)
    for label, x in enumerate((40, 110), start=1):
        cv2.circle(nuclei, (x, 80), 10, label, -1)

    def dice(order: str) -> float:
        found = segment_nuclei(image, ColourMixture(order=order))
        return dice_coefficient((nuclei > 0).astype(int), (found > 0).astype(int))

    assert dice("mixture_first") > 0.95
    assert dice("threshold_alone") < 0.8
    assert 0 < dice("otsu") <= 1


def test_a_loss_that_falls_and_stays_has_levelled_off() -> None:
    x = np.arange(100)
    assert levels_off(np.exp(-x / 8))
    assert not levels_off(-1.0 * x)
    with pytest.raises(ValueError, match="expected 20 values or more, got 19"):
        levels_off(x[:19])
