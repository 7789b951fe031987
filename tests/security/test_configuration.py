"""Configurations that contradict themselves, name what cannot be reached, or grow without end."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from attacks import Attack

from pathgan.config.loading import load_paper, load_workflow
from pathgan.config.workflow import Workflow
from pathgan.config.yaml_files import read_yaml
from pathgan.errors import ConfigError
from pathgan.plan.workflow_plan import Plan
from small_papers import one_run

Paper = dict[str, Any]


def said(text: str) -> Callable[[Path], None]:
    """A file of this text, read."""

    def write(folder: Path) -> None:
        (folder / "x.yaml").write_text(text)
        read_yaml(folder / "x.yaml")

    return write


def paper(change: Callable[[Paper], object]) -> Callable[[Path], None]:
    """A sound paper, changed and loaded."""

    def load(folder: Path) -> None:
        change(tree := deepcopy(one_run()))
        (folder / "x.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
        load_paper(folder / "x.yaml", "demo")

    return load


def renamed(section: str, name: str) -> Callable[[Path], None]:
    return paper(lambda tree: tree[section].update({name: tree[section].pop(next(iter(tree[section])))}))


def named(name: str) -> Callable[[Path], None]:
    """A checkout whose only paper has this name."""

    def plan(folder: Path) -> None:
        (folder / "config/papers").mkdir(parents=True)
        (folder / f"config/papers/{name}.yaml").write_text("title: x\n")
        Plan(Workflow(papers=("x",)), folder)

    return plan


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
ATTACKS = {
    "a key twice": Attack(
        said("a: 1\nb:\n  c: 1\n  c: 2\n"), r"x\.yaml: not YAML: line 4: duplicate key 'c', also on line 3"
    ),
    "anchors that grow without end": Attack(said(LAUGHS), "more than 1000000 values with its anchors written out"),
    "an anchor that holds itself": Attack(said("a: &a [*a]\n"), "more than 1000000 values"),
    "a tag that asks for Python": Attack(
        said("a: !!python/object/apply:os.getcwd []\n"), "not YAML: line 1: could not"
    ),
    "100,000 brackets": Attack(said(f"a: {'[' * 100_000}"), "nested more than 100 deep"),
    "a date that is none": Attack(said("a: 2024-99-99\n"), "not YAML: month must be in 1..12"),
    "bytes that are no text": Attack(
        lambda folder: ((folder / "x.yaml").write_bytes(b"a: \xff\xfe\n"), read_yaml(folder / "x.yaml")), "not YAML"
    ),
    "`presets.demo: x`": Attack(paper(lambda tree: tree.update(presets={"demo": "x"})), "presets: expected a mapping"),
    "`presets: [demo]`": Attack(paper(lambda tree: tree.update(presets=["demo"])), "presets: expected a mapping"),
    "`runs: [gan]`": Attack(paper(lambda tree: tree.update(runs=["gan"])), "runs: expected a mapping of names"),
    "a template that makes 10 billion entries": Attack(
        paper(
            lambda tree: tree["runs"].update(
                {"{a}": {"for_each": {letter: list("0123456789") for letter in "abcdefghij"}, "recipe": "paired"}}
            )
        ),
        "for_each: makes more than 10000 entries",
    ),
    "a seed of 5,000 digits": Attack(
        lambda folder: load_workflow({"patience_s": 10**5000}, "none"), "got a number of thousands of digits"
    ),
    "`runs: {gan: x}`": Attack(paper(lambda tree: tree.update(runs={"gan": "x"})), "runs.gan"),
    "`defaults: x`": Attack(paper(lambda tree: tree.update(defaults="x")), "defaults: expected a mapping"),
    "`seeds: [1, 1]`": Attack(paper(lambda tree: tree.update(seeds=[1, 1])), "seeds: .*expected each once"),
    "`seeds: [-1]`": Attack(paper(lambda tree: tree.update(seeds=[-1])), "seeds.0: .*greater than or equal to 0"),
    "`seeds: []`": Attack(paper(lambda tree: tree.update(seeds=[])), "seeds: .*at least 1 item"),
    "`digits: 1e9`": Attack(
        paper(lambda tree: tree["tables"]["table1"].update(digits=1e9)), "digits: .*less than or equal to 15"
    ),
    "`tile_px: 1e12`": Attack(
        paper(lambda tree: tree["datasets"]["cells"]["tiles"].update(tile_px=10**12)), "tile_px: .*less than or equal"
    ),
    "`panels: []`": Attack(
        paper(lambda tree: tree["figures"]["figure1"].update(panels=[])), "panels: .*at least 1 item"
    ),
    "a table named `hyperparameters`": Attack(
        renamed("tables", "hyperparameters"), "tables.hyperparameters: every paper has a table of this name"
    ),
    "a table named `registration`": Attack(renamed("tables", "registration"), "every paper has a table of this name"),
    "a table named `t.1`": Attack(renamed("tables", "t.1"), r"tables.t\.1.*should match pattern"),
    "a table named `../t`": Attack(renamed("tables", "../t"), "should match pattern"),
    "a data set named `x.counts`": Attack(
        paper(lambda tree: tree["datasets"].update({"x.counts": tree["datasets"]["cells"]})), "take another name"
    ),
    "a paper named `provenance`": Attack(named("provenance"), r"config/papers/provenance\.yaml: expected a name"),
    "a paper named `a b`": Attack(named("a b"), "expected a name of small letters"),
    "`papers: []`": Attack(lambda folder: load_workflow({"papers": []}, "none"), "papers: .*at least 1 item"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_wrong_configuration_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=ATTACKS[name].said):
        ATTACKS[name].do(tmp_path)


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\ne: [*a, *a]\n")
    assert read_yaml(tmp_path / "x.yaml")["d"] == {"b": 1, "c": 3}
