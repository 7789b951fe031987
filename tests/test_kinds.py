"""Which kinds there are: ours, and those of packages beside ours. A wrong line is one message that names it."""

import copy
import sys
from types import ModuleType
from typing import Literal

import pytest

from pathgan.config import extensions, kinds, metric_table
from pathgan.config.runs.run import GeneratingRun
from pathgan.config.scores.score import Score
from pathgan.config.table_types import Metric
from pathgan.datasets.image_dataset import FolderDataset
from pathgan.errors import ConfigError

BRIGHTNESS = Metric(key="brightness", better="near real")


class BrightnessScore(Score):
    """How bright samples are."""

    kind: Literal["brightness"]

    def reads(self, name, run, paper):
        return {}


class Unread(Score):
    kind: Literal["unread"]


class Unplaced(GeneratingRun):
    recipe: Literal["unplaced"]


class Forgetful(FolderDataset):
    adapter: Literal["forgetful"]


@pytest.fixture(autouse=True)
def lab(monkeypatch):
    """A package of somebody's, and tables of kinds that the tests may change."""
    monkeypatch.setattr(kinds, "KINDS", copy.deepcopy(kinds.KINDS))
    monkeypatch.setattr(extensions, "KINDS", kinds.KINDS)
    monkeypatch.setattr(metric_table, "_GIVEN_BY", dict(metric_table._GIVEN_BY))
    monkeypatch.setattr(metric_table, "METRICS", dict(metric_table.METRICS))
    module = ModuleType("lab")
    module.BrightnessScore, module.Forgetful = BrightnessScore, Forgetful
    monkeypatch.setitem(sys.modules, "lab", module)
    return module


@pytest.mark.parametrize(
    ("section", "name"), [(section, name) for section in kinds.KINDS for name in kinds.KINDS[section]]
)
def test_every_kind_has_its_class(section, name):
    assert kinds.kind_of(section, name).__doc__


def test_every_score_measures_something():
    assert all(metric_table.given_by(kind) for kind in kinds.KINDS["scores"])


def test_an_extension_may_be_read_twice(lab):
    lab.KINDS, lab.METRICS = {"scores": {"brightness": "lab:BrightnessScore"}}, {"brightness": [BRIGHTNESS]}
    for _ in range(2):
        extensions.extend(["lab"])
    assert kinds.kind_of("scores", "brightness") is BrightnessScore
    assert metric_table.given_by("brightness") == ("brightness",)
    assert metric_table.metric_of("brightness") == BRIGHTNESS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pathgan.none:None", r"No module named 'pathgan.none'; expected 'package.module:Class'"),
        ("lab:None_", "module 'lab' has no attribute 'None_'"),
        ("lab.BrightnessScore", "expected 'package.module:Class'"),
        ("sys:ModuleType", "has no attribute"),
        ("lab:BrightnessScore", "expected 'package.module:Class' with a field adapter"),
        ("lab:Forgetful", "the class lacks absent, find|the class lacks find"),
        ("pathgan.datasets.adapters.tnbc:TnbcDataset", "its adapter is 'tnbc', expected 'mine'"),
    ],
)
def test_a_wrong_line_in_the_table_of_kinds_is_named(line, message):
    kinds.KINDS["datasets"]["mine"] = line
    with pytest.raises(ConfigError, match=message) as caught:
        kinds.kind_of("datasets", "mine")
    assert str(caught.value).startswith(f"KINDS['datasets']['mine'] = {line!r}: ")


@pytest.mark.parametrize(
    ("section", "name", "lacking"), [("scores", "Unread", "reads"), ("runs", "Unplaced", "applied_to")]
)
def test_a_class_that_does_not_say_what_the_workflow_asks_is_refused(lab, section, name, lacking):
    setattr(lab, name, globals()[name])
    kinds.KINDS[section][name.lower()] = f"lab:{name}"
    with pytest.raises(ConfigError, match=f"the class lacks {lacking}$"):
        kinds.kind_of(section, name.lower())


@pytest.mark.parametrize(
    ("given", "metrics", "message"),
    [
        ({"scores": "lab:BrightnessScore"}, {}, r"KINDS\['scores'\]: Input should be a valid dictionary"),
        ({"score": {}}, {}, r"KINDS\['score'\]: Input should be 'slides', 'datasets'"),
        ({"scores": {"similarity": "lab:BrightnessScore"}}, {}, "there is one of this name; take another"),
        ({"scores": {"brightness": "lab:A"}}, {}, "module 'lab' has no attribute 'A'"),
        ({}, [BRIGHTNESS], "METRICS: Input should be a valid dictionary"),
        ({}, {"similarity": BRIGHTNESS}, r"METRICS\['similarity'\]\[0\]: .* expected METRICS = "),
        (
            {},
            {"similarity": ["brightness"]},
            r"METRICS\['similarity'\]\[0\]: Input should be a valid dictionary or instance",
        ),
        ({}, {"similarty": [BRIGHTNESS]}, r"METRICS\['similarty'\]: no such score; there are: similarity"),
        ({}, {"similarity": [Metric(key="ssim", better="lower")]}, "there is a metric 'ssim'; take another key"),
    ],
)
def test_an_extension_of_another_shape_is_one_message(lab, given, metrics, message):
    lab.KINDS, lab.METRICS = given, metrics
    with pytest.raises(ConfigError, match=message) as caught:
        extensions.extend(["lab"])
    assert str(caught.value).startswith("config/config.yaml: extensions: lab: ")


def test_an_extension_that_cannot_be_imported_is_one_message(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text, message in (
        ("lab_a", "KINDS = {", "lab_a: SyntaxError: .*expected a module in src/ that holds KINDS"),
        ("lab_b", "KINDS = Metrc()", "lab_b: NameError: name 'Metrc' is not defined"),
        ("lab_c", "", "lab_c: module 'lab_c' has no attribute 'KINDS'"),
    ):
        (tmp_path / f"{name}.py").write_text(text)
        with pytest.raises(ConfigError, match=message):
            extensions.extend([name])
    with pytest.raises(ConfigError, match="lab_d: No module named 'lab_d'"):
        extensions.extend(["lab_d"])
