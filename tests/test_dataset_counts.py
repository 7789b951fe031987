"""What data sets hold beside what the papers counted in them: on mock trees where the data cannot be had."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import savemat

from pathgan.config.loading import load_paper
from pathgan.config.verdicts import RESPECTS, Judgement
from pathgan.render.comparisons import data_verdict
from pathgan.render.identity_table import write_identities
from pathgan.render.table_inputs import TableInputs
from pathgan.stores.dataset_counts import read_counts, write_counts

PAPERS = Path(__file__).parents[1] / "config" / "papers"


@pytest.mark.parametrize(
    ("counts", "expected", "verdict"),
    [
        ({"images": 47, "nuclei": 9, "tiles": 9}, {"images": 47, "nuclei": 9}, ("yes", [])),
        ({"images": 79}, {"images": 47}, ("no", ["CPM has 79 images, the paper 47"])),
        ({"nuclei": 6690}, {"nuclei": 10475}, ("partly", ["CPM has 6,690 nuclei, the paper 10,475"])),
        ({"images/benign": 1}, {"images/benign": 2}, ("no", ["CPM has 1 benign images, the paper 2"])),
        ({"tiles": 9}, {"pairs": 180}, ("no", ["CPM has 0 pairs, the paper 180"])),
        ({"images": 47}, {}, ("partly", ["the paper counts nothing in CPM"])),
    ],
)  # fmt: skip
def test_data_are_the_papers_where_as_much_is_in_them(counts, expected, verdict):
    assert data_verdict("CPM", counts, expected) == verdict


def test_a_count_that_differs_is_a_caveat_of_every_cell_behind_it(tmp_path):
    write_counts(tmp_path / "cpm.csv", {"images": 79, "tiles": 100})
    assert read_counts(tmp_path / "cpm.csv") == {"images": 79, "tiles": 100}
    told = {"row": "a", "column": "x", "datasets": ["cpm"], "words": dict.fromkeys(RESPECTS, "yes"), "reasons": []}
    expected = {"cpm": {"label": "CPM", "counted": {"images": 47}}}
    given = TableInputs({"cpm": ""}, {}, {}, {}, {}, {}, [], [told], {"cpm": str(tmp_path / "cpm.csv")}, expected)
    judgement = given.judge(("a", "x"), ["cpm"])
    assert (judgement.word, judgement.words["data"]) == ("no", "no")
    assert judgement.reasons == ("CPM has 79 images, the paper 47",)
    assert given.judge(("b", "x"), ["cpm"]) == Judgement()  # a cell that nobody printed


def tree_of(root: Path, names: list[str], size: int = 16, mask: str = "") -> None:
    """Images of noise, each of its own bytes, and beside them masks of one nucleus where asked for."""
    for index, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((size, size, 3), index % 251, np.uint8)
        pixels[0, 0] = (index // 251, index % 251, 7)
        Image.fromarray(pixels).save(path)
        if mask:
            inside = np.zeros((size, size), np.uint8)
            inside[4:9, 4:9] = 255
            other = root / name.replace("Slide_", "GT_")
            other.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(inside).save(other)


def small(dataset, **change):
    """With tiles of images of 16 px."""
    tiles = dataset.tiles.model_copy(update={"tile_px": 16, "stride_px": 16})
    resized = {"resize_px": 16} if hasattr(dataset, "resize_px") else {}
    return dataset.model_copy(update={"tiles": tiles, **resized, **change})


def prepared(dataset, root: Path, folder: Path):
    return dataset.prepare(root, folder / "d.h5", folder / "d.csv")


def test_archives_with_as_much_as_the_papers_count_pass_for_the_papers_data(tmp_path):
    """Mock trees: these data cannot be had here."""
    cyto, syn = (load_paper(PAPERS / f"{name}.yaml", "paper").datasets for name in ("histo2cyto", "syncgan"))
    jucyt = tmp_path / "jucyt/Image/40x/RGB"
    tree_of(jucyt, [f"Benign/b{index}.png" for index in range(77)])
    tree_of(tmp_path / "m", [f"m{index}.png" for index in range(94 + 77)])
    (jucyt / "Malignant").mkdir()
    for index in range(77, 77 + 79):
        shutil.copy(tmp_path / f"m/m{index}.png", jucyt / "Malignant")
    counts = prepared(small(syn["cytology"]), tmp_path, tmp_path)
    assert counts == {"images": 156, "images/benign": 77, "images/malignant": 79, "tiles": 150}
    assert data_verdict("", counts, syn["cytology"].expect) == ("yes", [])
    benign = prepared(
        small(cyto["cytology_benign"], split=syn["cytology"].split.model_copy(update={"per_class": None})),
        tmp_path,
        tmp_path,
    )
    assert data_verdict("JUCYT", benign, cyto["cytology_benign"].expect)[1] == ["JUCYT has 77 images, the paper 75"]

    kinds = {"B_A-14": 588, "M_DC-14": 1232}
    breakhis = "breakhis/BreaKHis_v1/histology_slides/breast/{}/SOB/{}/SOB_{}-{}/400X/SOB_{}-{}-400-{:03d}.png"
    for (kind, n), word in zip(kinds.items(), ("benign", "malignant"), strict=True):
        sub = {"benign": "adenosis", "malignant": "ductal_carcinoma"}[word]
        names = [
            breakhis.format(word, sub, kind.replace("-", "_", 1), p, kind, p, i)
            for p, i in product(range(22549, 22553), range(n // 4))
        ]
        tree_of(tmp_path, names)
        dataset = small(cyto[f"histology_{word}"])
        counts = prepared(dataset, tmp_path, tmp_path)
        assert counts["images"] == n
        assert data_verdict("", counts, dataset.expect) == ("yes", [])


def test_nuclei_and_patients_are_counted_in_whole_images(tmp_path):
    tnbc = load_paper(PAPERS / "sharpgan.yaml", "paper").datasets["tnbc"]
    slides = {1: 5, **dict.fromkeys(range(2, 11), 4), 11: 9}
    names = [f"tnbc/Slide_{slide:02d}/{slide:02d}_{index}.png" for slide, n in slides.items() for index in range(n)]
    tree_of(tmp_path, names, size=24, mask="GT")
    counts = prepared(small(tnbc), tmp_path, tmp_path)  # tiles of 16 px overlap, and cut nuclei
    assert counts["images"] == 50
    assert counts["nuclei"] == 50
    assert counts["patients"] == 11
    assert data_verdict("TNBC", counts, tnbc.expect) == ("partly", ["TNBC has 50 nuclei, the paper 4,056"])


@pytest.mark.parametrize(("paper", "n_images"), [("sharpgan", 47), ("sharpgan_79", 79)])
def test_both_readings_of_47_images_with_10475_nuclei_can_be_had(paper, n_images, plan, tmp_path):
    """CPM-15 as it was published, CPM-17 as hover_net's authors lay it out."""
    inside = np.zeros((16, 16), np.int32)
    inside[4:9, 4:9] = 1
    tree_of(tmp_path, [f"cpm15/image{index:02d}.png" for index in range(15)])
    for index in range(15):
        text = "16 16\n" + "\n".join(" ".join(map(str, row)) for row in inside)
        (tmp_path / f"cpm15/image{index:02d}_mask.txt").write_text(text)
    sides = [(side, index) for side in ("train", "test") for index in range(32)]
    tree_of(tmp_path / "more", [f"{index}.png" for index in range(15 + 64)])
    for number, (side, index) in enumerate(sides):
        folder = tmp_path / "cpm17" / side
        for part in ("Images", "Labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / f"more/{15 + number}.png", folder / f"Images/image_{index:02d}.png")
        savemat(folder / f"Labels/image_{index:02d}.mat", {"inst_map": inside})
    wildcards = SimpleNamespace(preset="paper", paper=paper)
    counts = prepared(small(plan.library.of(wildcards).datasets["cpm"]), tmp_path, tmp_path)
    assert (counts["images"], counts["nuclei"]) == (n_images, n_images)
    expected = plan.tables._comparison.expected(wildcards)
    assert expected["cpm"] == expected["cpm_3"] == {"images": 47, "nuclei": 10475}
    word, reasons = data_verdict("CPM", counts, expected["cpm"])
    assert word == ("partly" if n_images == 47 else "no")
    assert reasons[-1] == f"CPM has {n_images} nuclei, the paper 10,475"


def test_real_images_hold_what_their_authors_say(real_data, tmp_path):
    tiles = {"tile_px": 320, "stride_px": 320}
    cpm, breast = (
        dataset.model_copy(update={"tiles": dataset.tiles.model_copy(update=tiles)})
        for name, dataset in load_paper(PAPERS / "sharpgan.yaml", "public").datasets.items()
        if name in ("cpm", "tnbc")
    )
    cpm = prepared(cpm, real_data, tmp_path)
    assert (cpm["images"], cpm["nuclei"]) == (15, 2905)
    breast = prepared(breast, real_data, tmp_path)
    assert (breast["images"], breast["nuclei"]) == (6, 2357)  # of 2,358 outlines, one lies under another


def test_data_sets_that_share_their_files_share_their_rows(tmp_path):
    write_counts(tmp_path / "a.csv", {"images": 47, "nuclei": 9})
    rows = [
        {"dataset": name, "label": "CPM", "file": str(tmp_path / "a.csv"), "counted": {"images": 47, "patients": 3}}
        for name in ("a_0", "a_1")
    ]
    write_identities(rows, "T", {key: tmp_path / f"t.{key}" for key in ("csv", "html")})
    table = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    assert table.to_numpy().tolist() == [
        ["a_0 a_1", "CPM", "images", "47", "47", "yes"],
        ["a_0 a_1", "CPM", "patients", "", "3", "no"],
        ["a_0 a_1", "CPM", "nuclei", "9", "", ""],
    ]
