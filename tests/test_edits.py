"""What an edit makes stale: ten and more of them, made in a copy of the code, and the digests of every job before and
after."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from pathgan.config.workflow import Workflow
from pathgan.plan.workflow_plan import Plan
from pathgan.provenance.closure import CodeTree
from written_docs import compare

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "architecture.md"
STATIC = [  # scripts of rules that work alike for all that they make; what is fetched has its own sha256
    "paint",
    "paint_stack",
    "register",
    "tile",
    "extract_cells",
    "gather",
    "tabulate_slides",
    "embed",
    "segment",
    "segment_nuclei",
    "count_samples",
    "list_settings",
    "show_provenance",
]
TRAINED = {"train_paired", "train_paired_best", "train_cycle", "train_noise", "train_latent", "train_focus"}
TRAINED |= {"train_segmentation", "train_classification"}


def jobs(plan: Plan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A name for each sort of job, and the roots of its code, of all papers under all presets."""
    for script in STATIC:
        yield script, (f"scripts/{script}.py",)
    for paper_name in plan.papers:
        for preset in plan.library.presets(paper_name):
            paper, given = plan.library.paper(preset, paper_name), {"preset": preset, "paper": paper_name, "seed": "0"}
            parts: tuple[tuple[str, str, Callable[..., list[str]], dict[str, object]], ...] = (
                ("prepare", "dataset", plan.datasets.workers, dict(paper.datasets)),
                ("train", "run", plan.training.workers, dict(paper.runs)),
                ("sample", "samples", plan.samples.workers, dict(paper.sample_sets)),
                ("score", "score", plan.scores.workers, dict(paper.scores)),
                ("tabulate", "table", plan.tables.workers, dict(paper.tables)),
                ("draw", "figure", plan.figures.workers, dict(paper.figures)),
            )
            for script, wildcard, workers, entries in parts:
                for name, entry in entries.items():
                    if script == "prepare" and not hasattr(entry, "prepare"):
                        continue
                    if script == "train" and not hasattr(entry, "trainer"):
                        continue
                    w = SimpleNamespace(**given, **{wildcard: name})
                    yield _named(plan, script, w, entry), (f"scripts/{script}.py", *sorted(set(workers(w))))


def _named(plan: Plan, script: str, w: SimpleNamespace, entry: object) -> str:
    if script == "train":
        return next(
            rule.name for rule in plan.training.rules if re.match(rule.preset, f"{w.preset}/{w.paper}/models/{w.run}/")
        )
    if script == "sample":
        path = f"{w.preset}/{w.paper}/samples/{w.samples}/"
        return next(rule.name for rule in plan.samples.rules if re.match(rule.preset, path))
    return f"{script} ({getattr(entry, 'adapter', getattr(entry, 'kind', ''))})"


@pytest.fixture(scope="module")
def sorts() -> dict[str, set[tuple[str, ...]]]:
    found = defaultdict(set)
    for name, roots in jobs(Plan(Workflow(), ROOT)):
        found[name].add(roots)
    return dict(found)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edited")
    for part in ("src", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


Edit = Callable[[str], str]


def added(text: str) -> Edit:
    return lambda before: f"{before}\n\n{text}\n"


def replaced(old: str, new: str) -> Edit:
    def edit(before: str) -> str:
        assert old in before
        return before.replace(old, new, 1)

    return edit


SOURCE = "src/pathgan"
EDITS: dict[str, dict[str, Edit]] = {
    "a comment in `recipes/paired.py`": {f"{SOURCE}/recipes/paired.py": added("# a word")},
    "the docstring of `training/loop.py`": {f"{SOURCE}/training/loop.py": replaced('"""The loop: ', '"""A loop: ')},
    "`recipes/wasserstein.py`": {f"{SOURCE}/recipes/wasserstein.py": added("NEW = 1")},
    "a new loss of `paired`: its options, its function, its term": {
        f"{SOURCE}/config/runs/paired_run.py": added("class Texture(Strict):\n    kind: Literal['texture']"),
        f"{SOURCE}/losses/contour_losses.py": added("def texture(gray):\n    return gray.mean()"),
        f"{SOURCE}/recipes/paired.py": added("NEW = 1"),
    },
    "a new recipe: its options, its training, its line in `config/kinds.py`": {
        f"{SOURCE}/config/runs/diffusion_run.py": added("X = 1"),
        f"{SOURCE}/recipes/diffusion.py": added("X = 1"),
        f"{SOURCE}/config/kinds.py": replaced('"runs": {', '"runs": {\n        "diffusion": "pathgan.x:DiffusionRun",'),
    },
    "a new metric: its function, its line in `config/metric_table.py`, its call in `scoring/similarity_scores.py`": {
        f"{SOURCE}/metrics/blur.py": added("X = 1"),
        f"{SOURCE}/config/metric_table.py": replaced(
            '"similarity": (', '"similarity": (\n        Metric(key="blur", better="lower"),'
        ),
        f"{SOURCE}/scoring/similarity_scores.py": added("from pathgan.metrics import blur"),
    },
    "`networks/unet.py`": {f"{SOURCE}/networks/unet.py": replaced("MAX_MULTIPLE = 8", "MAX_MULTIPLE = 4")},
    "`scoring/hash_scores.py`": {f"{SOURCE}/scoring/hash_scores.py": added("NEW = 1")},
    "`render/curves.py`": {f"{SOURCE}/render/curves.py": replaced("alpha=0.15", "alpha=0.2")},
    "`datasets/adapters/tnbc.py`": {f"{SOURCE}/datasets/adapters/tnbc.py": replaced("range(1, 12)", "range(1, 13)")},
    "`phantoms/smears.py`": {f"{SOURCE}/phantoms/smears.py": added("NEW = 1")},
    "`training/loop.py`": {f"{SOURCE}/training/loop.py": added("NEW = 1")},
    "a new error in `errors.py`": {f"{SOURCE}/errors.py": added("class NewError(PathganError):\n    pass")},
    "`determinism.py`": {f"{SOURCE}/determinism.py": added("NEW = 1")},
}
EXPECTED: dict[str, set[str]] = {
    "a comment in `recipes/paired.py`": set(),
    "the docstring of `training/loop.py`": set(),
    "`recipes/wasserstein.py`": {"train_latent", "train_focus"},
    "a new loss of `paired`: its options, its function, its term": {"train_paired", "train_paired_best"},
    "a new recipe: its options, its training, its line in `config/kinds.py`": set(),
    "a new metric: its function, its line in `config/metric_table.py`, its call in `scoring/similarity_scores.py`": {
        "score (similarity)"
    },
    "`networks/unet.py`": {
        "train_paired",
        "train_paired_best",
        "train_noise",
        "sample_paired",
        "sample_noise",
        "compose_paired",
    },
    "`scoring/hash_scores.py`": {"score (perceptual_hash)"},
    "`render/curves.py`": {"draw (curves)"},
    "`datasets/adapters/tnbc.py`": {"prepare (tnbc)"},
    "`phantoms/smears.py`": {"prepare (phantom_smears)", "paint_stack"},
    "`training/loop.py`": TRAINED,
    "a new error in `errors.py`": set(),
}


def digests(sorts: dict[str, set[tuple[str, ...]]], checkout: Path) -> dict[str, set[str]]:
    tree = CodeTree(checkout)
    return {name: {tree.state(one)["digest"] for one in roots} for name, roots in sorts.items()}


@pytest.fixture(scope="module")
def stale(sorts: dict[str, set[tuple[str, ...]]], checkout: Path) -> dict[str, set[str]]:
    """Edit -> the sorts of jobs whose digest it changes."""
    before, found = digests(sorts, checkout), {}
    for name, edits in EDITS.items():
        texts = {file: (checkout / file).read_text() if (checkout / file).exists() else None for file in edits}
        for file, edit in edits.items():
            (checkout / file).write_text(edit(texts[file] or ""))
        after = digests(sorts, checkout)
        found[name] = {sort for sort in sorts if after[sort] != before[sort]}
        for file, text in texts.items():
            (checkout / file).unlink() if text is None else (checkout / file).write_text(text)
    assert digests(sorts, checkout) == before
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_an_edit_makes_stale_what_it_changes_and_nothing_else(name: str, stale: dict[str, set[str]]) -> None:
    assert stale[name] == EXPECTED[name]


def test_what_holds_for_all_jobs_makes_all_stale(
    stale: dict[str, set[str]], sorts: dict[str, set[tuple[str, ...]]]
) -> None:
    assert stale["`determinism.py`"] == set(sorts)


def test_the_docs_show_these_edits(
    stale: dict[str, set[str]], sorts: dict[str, set[tuple[str, ...]]], request: pytest.FixtureRequest
) -> None:
    lines = ["| an edit of | makes stale |", "|---|---|"]
    for name, found in stale.items():
        told = ", ".join(f"`{sort}`" for sort in sorted(found)) or "nothing"
        lines.append(f"| {name} | {'everything' if found == set(sorts) else told} |")
    compare(DOCS, "edits", "\n".join([*lines, "", f"Of {len(sorts)} sorts of jobs in all.", ""]), request)
