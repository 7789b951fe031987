"""The documents are true: every command, target and file that they name exists."""

import re
import subprocess
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import typer
from PIL import Image

from pathgan import cli
from pathgan.config.dataset_types import Tiles
from pathgan.config.loading import declared_presets, load_paper
from pathgan.datasets.image_dataset import FolderDataset
from pathgan.datasets.items import Pair
from pathgan.plan.slide_plan import SlidePlan

ROOT = Path(__file__).parents[1]
OF_ALL = ("hyperparameters", "datasets", "comparability", "claims")  # tables of every paper
DOCS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "results" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
]
PAPERS = sorted((ROOT / "config" / "papers").glob("*.yaml"))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in re.findall(r"`make ([a-z -]+)`", path.read_text()) + re.findall(
        r"^make ([a-z -]+)", path.read_text(), re.M
    ):
        assert set(line.split()) <= targets, line


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_and_files_exist(path):
    text = path.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (path.parent / link).exists(), link
    folders = "config|src|rules|scripts|tests|docs|profiles|envs"
    for name in re.findall(rf"`((?:{folders})/[^`{{}}* ]+|[a-z_/]+/[a-z_]+\.py)`", text):
        assert (ROOT / name).exists() or (ROOT / "src" / "pathgan" / name).exists(), name


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_nothing_is_left_to_fill_in(path):
    assert not re.search(r"@@|TODO|FIXME|XXX", path.read_text())


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_result_paths_are_targets(path):
    names = set(re.findall(r"results/(demo|public|paper)/(\w+)/(tables|figures)/(\w+)\.(\w+)", path.read_text()))
    for preset, paper, kind, name, suffix in names:
        config = load_paper(ROOT / "config" / "papers" / f"{paper}.yaml", preset)
        assert name in (*getattr(config, kind), *SlidePlan.tables(config), *OF_ALL)
        assert suffix in ("csv", "md", "tex", "html", "png", "pdf")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_of_pathgan_exist(path):
    known = typer.main.get_command(cli.app).commands
    blocks = re.findall(r"^```bash\n(.*?)^```|`(pathgan [^`]+)`", path.read_text(), re.MULTILINE | re.DOTALL)
    for name, rest in re.findall(r"^pathgan (\w+)([^#\n]*)", "\n".join(map("".join, blocks)), re.MULTILINE):
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z]+", rest)) <= options, rest


def test_the_paper_in_the_docs_is_one(tmp_path):
    (text,) = re.findall(r"^```yaml\n(title:.*?)^```", (ROOT / "docs" / "extending.md").read_text(), re.M | re.S)
    (tmp_path / "sixth.yaml").write_text(text)
    paper = load_paper(tmp_path / "sixth.yaml", "demo")
    assert list(paper.problems()) == []
    assert set(paper.tables) == {"table1"}


def test_the_adapter_in_the_docs_reads_images_and_masks(tmp_path):
    (text,) = re.findall(r"^```python\n(# Imports.*?)^```", (ROOT / "docs" / "extending.md").read_text(), re.M | re.S)
    known = {"FolderDataset": FolderDataset, "Pair": Pair, "Path": Path, "Literal": Literal}
    exec(text, known)  # noqa: S102 - of our own docs
    dataset = known["NamedMasksDataset"](
        adapter="named_masks", folder="mine", tiles=Tiles(tile_px=8, stride_px=8), split={"by": "image"}
    )
    (tmp_path / "mine").mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (16, 8), (200, 150, 200)).save(tmp_path / "mine" / f"{name}.png")
        Image.fromarray(np.eye(8, 16, dtype=np.uint8)).save(tmp_path / "mine" / f"{name}_mask.png")
    items = list(dataset.items(tmp_path))
    assert [item.id for item in items] == ["a", "b"]
    assert all(np.array_equal(item.instances, np.eye(8, 16)) for item in items)


def test_the_readme_lists_every_table_and_figure():
    text = (ROOT / "README.md").read_text()
    for path in PAPERS:
        for preset in declared_presets(path):
            paper = load_paper(path, preset)
            for name in (*paper.tables, *SlidePlan.tables(paper), *paper.figures):
                assert f"{name}." in text or f"`{name}`" in text, name


def test_every_rule_has_its_script_and_docstring():
    for file in sorted((ROOT / "rules").glob("*.smk")):
        text = file.read_text()
        rules = re.findall(r"^rule (\w+):\n(.*?)(?=^rule |\Z)", text, re.M | re.S)
        # Of a file whose rules differ in a few lines, and are made in a loop: it and the script share a name.
        rules += [(file.stem, body) for body in re.findall(r"^    rule:\n(.*?)(?=^\S|\Z)", text, re.M | re.S)]
        assert rules or file.stem == "common"
        for name, body in rules:
            assert f'"../scripts/{name}.py"' in body
            assert body.strip().startswith('"""')
            for key in ("log:", "benchmark:", "conda:", "threads:", "mem_mb", "runtime", "params:"):
                assert key in body, f"{name} lacks {key}"


def test_nothing_large_or_local_is_committed():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert all((ROOT / name).stat().st_size < 5_000_000 for name in files if (ROOT / name).is_file())
    assert [name for name in files if name.endswith((".whl", ".gz", ".zip", ".pt", ".safetensors", ".h5"))] == []
