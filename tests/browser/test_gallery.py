"""Every figure of the demo, drawn again: its panels, letters, labels, legends and scale bars are those of gallery.json.

After a change that is meant: `make test-page` with `--write-docs` writes the file anew; then look at the figures.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from demo_results import PRESET, ROOT
from matplotlib.figure import Figure
from matplotlib_scalebar.scalebar import ScaleBar

from pathgan.config.loading import load_workflow
from pathgan.config.strict import class_named
from pathgan.plan.workflow_plan import Plan
from pathgan.render.figure_files import PAGE_IN

GALLERY = Path(__file__).with_name("gallery.json")


def drawn(plan: Plan, paper: str, name: str, out: Path) -> Figure:
    """The figure, as its drawer saves it."""
    w = SimpleNamespace(preset="demo", paper=paper, figure=name)
    figure = class_named(plan.figures.kind(w)).model_validate(plan.figures.config(w))
    saved: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(Figure, "savefig", lambda self, file, **_: (saved.append(self), Path(file).touch()))
        import_module(figure.drawer).draw(figure, plan.figures.shown(w), out / "x.png", out / "x.pdf")
    return saved[0]


def structure(figure: Figure) -> dict[str, Any]:
    """What a reader finds in it, but for the pixels."""
    panels = [axis for axis in figure.axes if axis.axison]
    legends = [*figure.legends, *(axis.get_legend() for axis in panels if axis.get_legend())]
    titles = [axis.get_title(loc=where) for axis in panels for where in ("center", "left")]
    return {
        "panels": len(panels),
        "titles": [title for title in titles if title],
        "labels": [text for axis in panels for text in (axis.get_xlabel(), axis.get_ylabel()) if text],
        "legend": [text.get_text().partition(" (mean")[0] for legend in legends for text in legend.get_texts()],
        "scale bars": sum(isinstance(one, ScaleBar) for axis in panels for one in axis.get_children()),
    }


def test_figures_are_what_they_were(tmp_path, request):
    plan = Plan(load_workflow(yaml.safe_load((ROOT / "config" / "config.yaml").read_text())), ROOT)
    papers = plan.workflow.papers
    names = [(paper, name) for paper in papers for name in plan.library.paper("demo", paper).figures]
    figures = {f"{paper}/{name}": drawn(plan, paper, name, tmp_path) for paper, name in names}
    assert all(figure.get_size_inches()[0] <= PAGE_IN + 0.01 for figure in figures.values())
    found = {name: structure(figure) for name, figure in figures.items()}
    if request.config.getoption("--write-docs"):
        GALLERY.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert found == json.loads(GALLERY.read_text(encoding="utf-8"))


def test_panels_have_letters_and_figures_are_pictures_and_vectors():
    gallery = json.loads(GALLERY.read_text(encoding="utf-8"))
    for name, one in gallery.items():
        lettered = [text for text in (*one["titles"], *one["labels"]) if text.startswith("(a)")]
        assert lettered or one["panels"] == 1 or all(text.startswith("$I") for text in one["titles"]), name
        paper, figure = name.split("/")
        assert (PRESET / paper / "figures" / f"{figure}.pdf").stat().st_size > 1000
        assert (PRESET / paper / "figures" / f"{figure}.png").stat().st_size > 1000
    assert sum(one["scale bars"] for one in gallery.values()) > 0
