"""Sample sheets of slides, pairs and sides; and the jobs from slide files to a dataset."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pathgan.config.dataset_types import Split, Tiles
from pathgan.config.loading import load_paper
from pathgan.config.phantom_looks import Tissue
from pathgan.config.slide_types import SectionPhantom, SlideDataset, SlideSheet
from pathgan.datasets.slide_sets import SlideFile, moving_pairs, read_slides, sides
from pathgan.errors import DataError
from pathgan.phantoms.painted_sections import paint
from pathgan.slides.pairs import read_landmarks, register_slides
from pathgan.slides.slide_work import gather, register_pair, tile
from pathgan.slides.transforms import Transform
from pathgan.stores.manifest import read_manifest, rows_of_split
from pathgan.stores.slide_files import write_slide
from pathgan.stores.store import ImageStore

ROOT = Path(__file__).parents[1]

HEADER = "slide\tstain\tpair\tpatient\tsplit\tpath\tmpp\tlandmarks"
PHANTOM = SectionPhantom(
    adapter="phantom_sections",
    n_pairs=2,
    size_px=900,
    seed=11,
    tissue=Tissue(radius_px=6, nuclei_per_mpx=3600),
    elastic_px=6,
)


def sheet(folder: Path, *rows: str, header: str = HEADER) -> SlideSheet:
    (folder / "slides.tsv").write_text("\n".join([header, *rows]) + "\n")
    return SlideSheet(adapter="slide_sheet", sheet=str(folder / "slides.tsv"))


def dataset(**changes) -> SlideDataset:
    tree = {"adapter": "slides", "slides": "s", "stain": "ki67", "registered_to": "he", "mpp": 0.5}
    return SlideDataset.model_validate(tree | {"tiles": Tiles(tile_px=96, stride_px=64)} | changes)


# --- sheets -----------------------------------------------------------------------------------------------


def test_a_sheet_lists_slides_and_pairs(tmp_path):
    options = sheet(
        tmp_path,
        "a1\the\tblock1\tp1\ttrain\ta1.svs\t0.25\t",
        "a2\tki67\tblock1\tp1\ttrain\tsub/a2.svs\t\ta2.csv",
        "b1\the\tblock2\tp2\ttest\tb1.svs\t\t",
    )
    slides = read_slides(options, tmp_path / "data", tmp_path)
    assert [slide.slide for slide in slides] == ["a1", "a2", "b1"]
    assert slides[1].path == tmp_path / "sub" / "a2.svs"
    assert slides[1].landmarks == tmp_path / "a2.csv"
    assert (slides[0].mpp, slides[1].mpp) == (0.25, None)
    assert moving_pairs(slides, "he") == {"a2": (slides[0], slides[1])}
    assert sides(dataset(), slides) == {"a1": "train", "a2": "train", "b1": "test"}
    below = options.model_copy(update={"folder": "scans"})
    assert read_slides(below, tmp_path / "data", tmp_path)[0].path == tmp_path / "data" / "scans" / "a1.svs"


ROW = "a1\the\tblock1\tp1\t\ta1.svs\t\t"


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        ([ROW, ROW], HEADER, "the slide 'a1' is listed twice"),
        ([ROW, ROW.replace("a1\t", "a2\t", 1)], HEADER, "the stain of one pair 'he of block1' is listed twice"),
        (["a/1\the\tb\tp\t\ta.svs\t\t"], HEADER, r"line 2: slide: expected letters.*got 'a/1'"),
        (["a1\t\tb\tp\t\ta.svs\t\t"], HEADER, r"line 2: stain: expected letters.*got ''"),
        (["a1\the\tb\tp\t\t\t\t"], HEADER, "line 2: path: expected a file, got nothing"),
        (["a1\the\tb\tp\tvalid\ta.svs\t\t"], HEADER, "split: expected train, test or nothing, got 'valid'"),
        (["a1\the\tb\tp\t\ta.svs\t0,25\t"], HEADER, r"mpp: expected a number \[um/px\] above 0 or nothing, got '0,25'"),
        (
            ["a1\the\tb1\tp\ttrain\ta.svs\t\t", "a2\the\tb2\tp\ttest\tb.svs\t\t"],
            HEADER,
            "p is in more than one split",
        ),
        ([], HEADER, "the sheet lists no slide"),
        ([ROW], HEADER.replace("stain", "stian"), "missing: stain; unknown: stian"),
    ],
)
def test_a_wrong_sheet_is_one_clear_error(tmp_path, rows, header, message):
    with pytest.raises(DataError, match=rf"slides.tsv.*{message}"):
        read_slides(sheet(tmp_path, *rows, header=header), tmp_path, tmp_path)


def test_an_absent_sheet(tmp_path):
    options = SlideSheet(adapter="slide_sheet", sheet=str(tmp_path / "none.tsv"))
    with pytest.raises(DataError, match=r"none.tsv: no such sample sheet; write one, .* slide, stain, pair"):
        read_slides(options, tmp_path, tmp_path)


def test_sides_never_part_a_patient():
    slides = [
        SlideFile(slide=f"{stain}{k}", stain=stain, pair=f"pair{k}", patient=f"patient{k // 2}", path=Path("x"))
        for k in range(12)
        for stain in ("he", "ki67")
    ]
    chosen = sides(dataset(split=Split(by="patient", test_fraction=0.3)), slides)
    for k in range(0, 12, 2):
        assert len({chosen[f"{stain}{k + j}"] for j in (0, 1) for stain in ("he", "ki67")}) == 1
    assert set(chosen.values()) == {"train", "test"}


@pytest.mark.parametrize("pairs_of_a_patient", [1, 2, 3])
def test_as_many_pairs_are_tested_as_the_paper_prints(pairs_of_a_patient):
    """180 pairs of slides are 150 and 30, whoever they are of, where a fraction may round to 29."""
    paper = load_paper(ROOT / "config/papers/ki67stain.yaml", "paper")
    slides = [
        SlideFile(
            slide=f"{stain}{k}",
            stain=stain,
            pair=f"pair{k}",
            patient=f"patient{k // pairs_of_a_patient}",
            path=Path("x"),
        )
        for k in range(180)
        for stain in ("he", "ki67")
    ]
    chosen = sides(paper.datasets["he"], slides)
    tested = {slide.pair for slide in slides if chosen[slide.slide] == "test"}
    assert len(tested) == 30
    patients = {side: {s.patient for s in slides if chosen[s.slide] == side} for side in ("train", "test")}
    assert not patients["train"] & patients["test"]


# --- jobs -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def painted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("painted")
    for index in range(2):
        names = {"he": "he.tif", "ki67": "ki67.tif", "landmarks_he": "he.csv", "landmarks_ki67": "ki67.csv"}
        out = {key: folder / f"pair{index:03d}-{name}" for key, name in names.items()}
        paint(PHANTOM, index, {**out, "nuclei": folder / f"pair{index:03d}-nuclei.csv"})
    return folder


def test_painted_pairs_are_the_slides_of_the_set(painted):
    slides = read_slides(PHANTOM, Path(), painted)
    assert all(slide.path.exists() and slide.landmarks.exists() for slide in slides)
    rows = list(csv.DictReader((painted / "pair000-nuclei.csv").open()))
    assert {row["positive"] for row in rows} == {"0", "1"}


@pytest.mark.slow
def test_from_slides_to_registered_tiles(painted, tmp_path):
    """Test tiles of both stains have the same names, places and tissue; training tiles are each slide's own."""
    slides = {slide.slide: slide for slide in read_slides(PHANTOM, Path(), painted)}
    fixed, moving = slides["pair000-he"], slides["pair000-ki67"]
    names = {"transform": "t.h5", "scores": "t.csv", "picture": "t.png"}
    register_pair(fixed, moving, 1.0, {key: tmp_path / name for key, name in names.items()})
    scores = {row["metric"]: float(row["value"]) for row in csv.DictReader((tmp_path / "t.csv").open())}
    assert scores["rtre_median"] < 0.15 < scores["rtre_unaligned"]
    assert Image.open(tmp_path / "t.png").size[0] > 900

    stains = {}
    for stain, slide, frame in (("he", fixed, None), ("ki67", moving, fixed)):
        parts = []
        for name, side in (("test", "test"), ("train", "train")):
            one = slide if side == "test" else slides[f"pair001-{stain}"]
            out = {
                key: tmp_path / f"{stain}-{name}{suffix}"
                for key, suffix in (("store", ".h5"), ("scores", ".csv"), ("picture", ".png"))
            }
            registered = (frame, tmp_path / "t.h5") if frame and side == "test" else (None, None)
            tile(dataset(stain=stain), one, side, out, *registered)
            facts = {"source": one.path.name, "pair": one.pair, "group": one.pair, "split": side}
            parts.append({"store": str(out["store"]), **facts})
        counts = gather(parts, tmp_path / f"{stain}.h5", tmp_path / f"{stain}.csv")
        assert counts["pairs"] == len({part["pair"] for part in parts})
        n = counts["tiles"]
        manifest = read_manifest(tmp_path / f"{stain}.csv")
        assert n == len(manifest)
        stains[stain] = (manifest, rows_of_split(manifest, "test", stain))
    ids = [[manifest[row]["id"] for row in rows] for manifest, rows in stains.values()]
    assert ids[0] == ids[1]
    assert {row["mpp"] for row in stains["he"][0]} == {"0.5"}
    assert all(len(row["sha256"]) == 64 for row in stains["ki67"][0])
    with ImageStore(tmp_path / "he.h5") as he, ImageStore(tmp_path / "ki67.h5") as ki67:
        pairs = [store.images(stains[name][1]) for name, store in (("he", he), ("ki67", ki67))]
    # Nuclei absorb red in both: registered tiles agree, and those of other places do not.
    red = [255.0 - images[..., 0].reshape(len(images), -1) for images in pairs]
    there = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*red, strict=True)])
    elsewhere = np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(red[0], np.roll(red[1], 1, axis=0), strict=True)])
    assert there > 0.25 > 0.1 > abs(elsewhere)


def test_slides_of_other_sizes_are_registered_alike(painted, tmp_path):
    """Twice the pixels of half the size: the transform is the same map between level-0 pixels."""
    fixed, moving = (SlideFile(slide=s, stain=s, pair="p", path=painted / f"pair000-{s}.tif") for s in ("he", "ki67"))
    plain = register_slides(fixed, moving).transform
    pixels = np.asarray(Image.open(painted / "pair000-ki67.tif"))
    write_slide(tmp_path / "large.tif", np.repeat(np.repeat(pixels, 2, 0), 2, 1), mpp=0.25)
    large = register_slides(fixed, moving.model_copy(update={"path": tmp_path / "large.tif"})).transform
    points = read_landmarks(painted / "pair000-he.csv")
    twice = (plain.map_points(points) + 0.5) * 2 - 0.5
    assert np.median(np.linalg.norm(large.map_points(points) - twice, axis=1)) < 2.0
    assert large.moving_size == (1800, 1800)


def test_one_slide_of_unknown_pixel_size_is_refused(painted, tmp_path):
    Image.open(painted / "pair000-ki67.tif").save(tmp_path / "plain.png")
    fixed = SlideFile(slide="a", stain="he", pair="p", path=painted / "pair000-he.tif")
    moving = SlideFile(slide="b", stain="ki67", pair="p", path=tmp_path / "plain.png")
    with pytest.raises(DataError, match=r"plain.png: the file does not say how large a pixel is"):
        register_slides(fixed, moving)


def test_landmarks_that_do_not_fit(tmp_path):
    (tmp_path / "l.csv").write_text("X,Y\n1,2\n3,what\n")
    with pytest.raises(DataError, match=r"l.csv: expected a CSV with numbers in the columns X and Y"):
        read_landmarks(tmp_path / "l.csv")


def test_a_damaged_transform(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["matrix"] = np.eye(2, 3)
    with pytest.raises(DataError, match=r"t.h5: not a readable transform"):
        Transform.read(tmp_path / "t.h5")
