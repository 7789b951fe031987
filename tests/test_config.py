import json
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement

from pathgan.config.kinds import KINDS, kind_of
from pathgan.config.loading import (
    declared_presets,
    expand_templates,
    load_paper,
    load_weights_table,
    load_workflow,
    merge,
)
from pathgan.config.schema import paper_schema, workflow_schema
from pathgan.config.sources import leaves, source_of
from pathgan.errors import ConfigError

ROOT = Path(__file__).parents[1]
PAPERS = sorted((ROOT / "config" / "papers").glob("*.yaml"))
SHARPGAN = ROOT / "config" / "papers" / "sharpgan.yaml"


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_every_paper_is_valid_and_sourced_under_every_preset(path, device):
    for preset in declared_presets(path):
        paper = load_paper(path, preset, device)
        if preset == "paper" and not paper.extends:
            assert all(source_of(paper, key) for key in leaves(paper))
            assert {"seeds", "datasets", "runs", "scores"} <= {key.section for key in leaves(paper)}


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_no_source_is_left_over(path):
    paper = load_paper(path, "paper")
    keys = list(map(str, leaves(paper)))
    used = {next((name for name in paper.sources if fnmatchcase(key, name)), "") for key in keys}
    assert set(paper.sources) <= used


def test_the_papers_tables_hold_every_published_cell():
    import pandas as pd

    published = pd.read_csv(ROOT / "config" / "published.csv")
    for path in PAPERS:
        for preset in declared_presets(path):
            paper = load_paper(path, preset)
            for name, cells in published[published["paper"] == (paper.extends or path.stem)].groupby("table"):
                if (path.stem, preset, name) == ("ki67stain", "public", "table1"):
                    assert name not in paper.tables  # a hash of pairs; the public images are unpaired
                    continue
                table = paper.tables[name]
                ours = {(row, column) for row in table.rows for column in table.columns}
                left_out = {key for key in zip(cells["row"], cells["column"], strict=True) if key not in ours}
                assert all(table.omitted.keys() & set(key) for key in left_out)
                assert not table.omitted or preset == "public"  # where data for a class of images may be lacking


def test_one_of_several_that_a_template_makes_can_be_changed():
    made = {"gan-{d}": {"for_each": {"d": ["a", "b"]}, "dataset": "{d}", "training": {"epochs": 3, "width": 4}}}
    tree = merge(made, {"gan-b": {"training": {"epochs": 9}}})
    found = expand_templates(tree, "runs")
    assert found["gan-a"] == {"dataset": "a", "training": {"epochs": 3, "width": 4}}
    assert found["gan-b"] == {"dataset": "b", "training": {"epochs": 9, "width": 4}}


def test_schemas_are_those_of_the_types():
    for name, schema in (("workflow", workflow_schema()), ("paper", paper_schema())):
        committed = json.loads((ROOT / "config" / "schemas" / f"{name}.schema.json").read_text())
        assert committed == schema, "run `make schema`"
        Draft202012Validator.check_schema(schema)


def test_the_files_as_written_satisfy_their_schemas():
    Draft202012Validator(workflow_schema()).validate(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    for path in PAPERS:
        Draft202012Validator(paper_schema()).validate(yaml.safe_load(path.read_text()))


def test_the_schema_knows_a_misspelt_key():
    tree = yaml.safe_load(SHARPGAN.read_text())
    tree["runs"]["enhanced-{dataset}"]["conditon"] = "mask"
    assert list(Draft202012Validator(paper_schema()).iter_errors(tree))


def test_an_unknown_paper_and_broken_yaml_are_named(tmp_path):
    with pytest.raises(ConfigError, match="no such paper; there are: histo2cyto, "):
        load_paper(ROOT / "config" / "papers" / "sharpgun.yaml", "demo")
    (tmp_path / "x.yaml").write_text("title: [")
    with pytest.raises(ConfigError, match=r"x\.yaml: not YAML"):
        load_paper(tmp_path / "x.yaml", "demo")
    (tmp_path / "x.yaml").write_text("- a")
    with pytest.raises(ConfigError, match="expected a mapping, got list"):
        load_paper(tmp_path / "x.yaml", "demo")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"preset": "big"}, r"preset: .*'demo', 'public' or 'paper', got 'big'"),
        ({"pre": "demo"}, r"pre: unknown key; did you mean 'preset'"),
        ({"device": "tpu"}, r"device: .*got 'tpu'"),
    ],
)
def test_a_wrong_workflow_configuration_is_named(raw, message):
    with pytest.raises(ConfigError, match=f"config/config.yaml: {message}"):
        load_workflow(raw)


def test_papers_may_come_as_one_word():
    assert load_workflow({"papers": "sharpgan"}).papers == ("sharpgan",)


def test_merge_is_deep_and_a_new_kind_replaces_its_entry():
    base = {"a": {"adapter": "cpm", "x": 1, "y": {"z": 2}}, "b": [1, 2], "c": 3}
    assert merge(base, {"a": {"y": {"w": 4}}, "b": [9], "c": None}) == {
        "a": {"adapter": "cpm", "x": 1, "y": {"z": 2, "w": 4}},
        "b": [9],
    }
    assert merge(base, {"a": {"adapter": "phantom"}})["a"] == {"adapter": "phantom"}


def test_templates_are_written_out():
    tree = {"run-{k}": {"for_each": {"k": ["a", "b"]}, "dataset": "{k}", "list": ["x-{k}"]}, "plain": 1}
    assert expand_templates(tree, "here") == {
        "run-a": {"dataset": "a", "list": ["x-a"]},
        "run-b": {"dataset": "b", "list": ["x-b"]},
        "plain": 1,
    }


def test_the_gpu_variant_is_the_papers_size():
    small, large = (load_paper(SHARPGAN, "public", device) for device in ("cpu", "gpu"))
    assert small.runs["enhanced-cpm"].training.crop_px == 128
    assert large.runs["enhanced-cpm"].training.crop_px == 256
    assert large.runs["enhanced-cpm"].training.epochs == 150


def test_every_generating_run_has_a_sample_set_of_its_own():
    paper = load_paper(SHARPGAN, "demo")
    sets = paper.sample_sets
    assert sets["enhanced-cpm"].split == "test"
    assert sets["synthetic-cpm"].dataset == "polygons-cpm"


def test_conda_environments_pin_what_the_lock_pins_for_their_python():
    """Of a package that the lock holds twice, the version for the environment's own Python."""
    lines = (ROOT / "envs" / "requirements.lock").read_text().splitlines()
    locked = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-z0-9.-]+==", line)]
    for file in sorted((ROOT / "envs").glob("*.yaml")):
        python, *_, packages = yaml.safe_load(file.read_text())["dependencies"]
        here = {"python_full_version": python.removeprefix("python=") + ".4", "sys_platform": "linux"}
        valid = {
            f"{entry.name}{entry.specifier}" for entry in locked if not entry.marker or entry.marker.evaluate(here)
        }
        assert packages["pip"]
        assert set(packages["pip"]) <= valid, file.name


def test_conda_environments_hold_what_their_rules_import():
    drawing = {"pathgan.render.image_grids", "pathgan.render.score_tables", "pathgan.datasets.fetch"}
    scoring = {kind.scorer for name in KINDS["scores"] if not (kind := kind_of("scores", name)).needs_torch}
    code = "import sys, importlib; [importlib.import_module(m) for m in sys.argv[1:]]; print(*sys.modules)"
    for modules, absent in ((drawing | scoring, {"torch"}), ({"pathgan.recipes.paired"}, {"matplotlib", "requests"})):
        done = subprocess.run([sys.executable, "-c", code, *modules], capture_output=True, text=True, check=True)
        assert not absent & set(done.stdout.split())


def test_the_lock_names_no_host_and_hashes_everything():
    text = (ROOT / "envs" / "requirements.lock").read_text()
    assert "http" not in text
    blocks = re.split(r"\n(?=[a-z])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_table_of_weights_names_every_network_whole(tmp_path):
    path = tmp_path / "weights.yaml"
    tree = yaml.safe_load((ROOT / "config" / "weights.yaml").read_text())
    path.write_text(yaml.safe_dump({**tree, "resnet50": tree["resnet18"]}))
    with pytest.raises(
        ConfigError,
        match=r"expected the networks inception, resnet18, lite0, .*inception_v3, got densenet161, .*resnet50",
    ):
        load_weights_table(path)
    tree["inception"] |= {"sha256": "f" * 63, "licens": "x"}
    path.write_text(yaml.safe_dump(tree))
    with pytest.raises(
        ConfigError, match=r"(?s)weights.yaml: inception: sha256: .*licens: unknown key; did you mean 'licence'"
    ):
        load_weights_table(path)


def test_the_papers_split_is_a_fold_and_every_gan_of_a_fold_is_its_own():
    paper = load_paper(ROOT / "config" / "papers" / "syncgan.yaml", "paper")
    assert paper.datasets["cytology_1_3"].split == paper.datasets["cytology"].split.model_copy(
        update={"fold": 3, "seed": 1}
    )
    sets = paper.runs["resnet152_1_3"].train_on
    assert list(sets) == ["orig", "prop", "gan", "orig+prop", "orig+trad", "orig+gan", "orig+trad+prop"]
    assert {name.removesuffix("_1_3") + "_1_3" for names in sets.values() for name in names} == {
        name for names in sets.values() for name in names
    }
    assert paper.runs["mask_gan_benign_1_3"].dataset == "cytology_1_3"
    assert paper.runs["inception_v3"].training.crop_px == 299
