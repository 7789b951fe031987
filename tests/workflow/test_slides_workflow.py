"""Slides through Snakemake: painted, registered, tiled, trained on; and a stand-in whose images are already cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from checkouts import checkout, jobs, snakemake
from PIL import Image

pytestmark = pytest.mark.workflow

TILES = {"mpp": 0.5, "min_tissue": 0.1, "tiles": {"tile_px": 64, "stride_px": 64}}
SECTIONS = {
    "title": "A paper of one run between two stains",
    "cite": "nobody",
    "caveat": "a test",
    "slides": {"sections": {"adapter": "phantom_sections", "n_pairs": 2, "size_px": 640, "seed": 5}},
    "datasets": {
        "he": {"adapter": "slides", "slides": "sections", "stain": "he", **TILES},
        "ki67": {"adapter": "slides", "slides": "sections", "stain": "ki67", "registered_to": "he", **TILES},
    },
    "runs": {
        "gan": {
            "recipe": "cycle",
            "source": "he",
            "target": "ki67",
            "losses": [{"kind": "adversarial"}, {"kind": "cycle", "norm": "squared"}],
            "generator": {"width": 2, "blocks": 1},
            "discriminator": {"width": 2, "layers": 1},
            "training": {"iterations": 2, "crop_px": 32, "evaluations": 2},
        }
    },
    "scores": {"hash": {"kind": "perceptual_hash"}},
    "tables": {
        "table1": {
            "kind": "scores",
            "caption": "Table 1",
            "rows": {"gan": {"label": "GAN", "run": "gan"}},
            "columns": {
                name: {"label": name, "dataset": "ki67", "score": "hash", "metric": name}
                for name in ("p_hash", "p_hash_real_real", "p_hash_shuffled")
            },
        }
    },
    "figures": {
        "figure1": {"kind": "curves", "caption": "Figure 1", "curves": {"gan": "GAN"}, "metrics": {"ssim": "SSIM"}}
    },
    "sources": {"runs.*": "ours: a test"},
    "presets": {"demo": {}},
}
STAND_IN = {
    "extends": "sections",
    "title": "The same on images that are already cut",
    "caveat": "stand-in dataset",
    "slides": {"sections": None},
    "datasets": {
        name: {
            "adapter": "image_folders",
            "folder": "cut",
            "parts": [{"path": f"{name}/train", "split": "train"}, {"path": f"{name}/test", "split": "test"}],
            "tiles": {"tile_px": 32, "stride_px": 32},
        }
        for name in ("he", "ki67")
    },
    "presets": {"demo": {}},
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = checkout(
        tmp_path_factory.mktemp("sections"),
        {"sections": SECTIONS, "stand_in": STAND_IN},
        ["sections,table1,gan,p_hash,0.75,,"],
    )
    random = np.random.default_rng(0)
    for stain in ("he", "ki67"):
        for split in ("train", "test"):
            (folder / "data/cut" / stain / split).mkdir(parents=True)
            for index in range(2):
                pixels = random.integers(0, 256, (40, 48, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / "data/cut" / stain / split / f"{index}.png")
    ran = jobs(snakemake(folder, "all"))
    assert {name: ran[name] for name in ("paint", "register", "tile", "gather", "prepare", "train_cycle")} == {
        "paint": 2, "register": 2, "tile": 4, "gather": 2, "prepare": 2, "train_cycle": 2,
    }  # fmt: skip
    return folder


def test_test_tiles_of_both_stains_are_pairs_and_slides_stay_on_one_side(done):
    he, ki67 = (pd.read_csv(done / f"results/demo/sections/data/{name}.csv") for name in ("he", "ki67"))
    tested = he[he["split"] == "test"]
    assert tested["id"].tolist() == ki67[ki67["split"] == "test"]["id"].tolist()
    assert set(he["group"]) == {"pair000", "pair001"}
    assert tested["group"].nunique() == 1
    registration = pd.read_csv(done / "results/demo/sections/tables/registration.csv").set_index(["row", "column"])
    after = registration.loc[(slice(None), "rtre_median"), "value"]
    assert len(after) == 2
    assert (after < 1).all()


def test_a_stand_in_stands_beside_the_published_values_of_its_paper(done):
    for paper, caveat in (("sections", "a test"), ("stand_in", "stand-in dataset")):
        cell = pd.read_csv(done / f"results/demo/{paper}/tables/table1.csv").set_index("column").loc["p_hash"]
        assert (cell["published"], cell["comparable"]) == (0.75, "no")
        assert cell["note"].startswith(caveat)
        assert (done / f"results/demo/{paper}/figures/figure1.png").stat().st_size > 5000


def test_a_changed_tile_size_registers_nothing_again(done):
    changed = (done / "config/papers/sections.yaml").read_text().replace("min_tissue: 0.1", "min_tissue: 0.2")
    (done / "config/papers/sections.yaml").write_text(changed)
    again = jobs(snakemake(done, "-n", "sections"))
    assert "tile" in again
    assert not {"paint", "register"} & again.keys()


def test_a_stand_in_has_the_presets_that_it_names(done):
    output = snakemake(done, "-n", "stand_in", "--config", "preset=public", "papers=stand_in", code=1)
    assert "config/papers/stand_in.yaml: presets.public: expected an entry" in output
