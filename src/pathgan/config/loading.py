"""From YAML to types: defaults, preset, templates, checks; one error that names file, key, expected, got."""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from pathgan.config.extensions import extend
from pathgan.config.kinds import TAGS
from pathgan.config.papers import Paper
from pathgan.config.sources import unsourced
from pathgan.config.strict import NAME
from pathgan.config.weights import NETWORKS, Weights
from pathgan.config.workflow import FULL_SIZE, PRESETS, Workflow
from pathgan.config.yaml_files import Tree, read_yaml
from pathgan.errors import ConfigError

PUBLISHED = "config/published.csv"  # the values that papers print, one row per cell
MOST_SHOWN = 300  # letters of a value in a message
MOST_COPIES = 10_000  # entries of a template
DISCRIMINATORS = tuple(dict.fromkeys(TAGS.values()))  # a changed one replaces the whole entry
MERGED = ("slides", "datasets", "runs", "samples", "scores", "tables", "figures")


def load_workflow(raw: Mapping[str, Any], source: str = "config/config.yaml") -> Workflow:
    """Types `config/config.yaml` as Snakemake merged it with `--config`, and makes the kinds of its extensions known.

    Raises ConfigError.
    """
    raw = dict(raw)
    if isinstance(raw.get("papers"), str):  # --config papers=sharpgan
        raw["papers"] = raw["papers"].split(",")
    if isinstance(raw.get("extensions"), str):
        raw["extensions"] = raw["extensions"].split(",")
    if Path(source).is_file():
        read_yaml(Path(source))  # Snakemake has read it, and takes the last of two keys
    try:
        workflow = Workflow.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(explain(error, source, Workflow)) from None
    extend(workflow.extensions)
    return workflow


def load_weights_table(path: Path) -> dict[str, Weights]:
    """`config/weights.yaml`: network -> where its trained weights come from. Raises ConfigError."""
    entries = {}
    tree = read_yaml(path)
    if set(tree) != set(NETWORKS):
        raise ConfigError(f"{path}: expected the networks {', '.join(NETWORKS)}, got {', '.join(map(str, tree))}")
    for name, entry in tree.items():
        try:
            entries[name] = Weights.model_validate(entry)
        except ValidationError as error:
            raise ConfigError(explain(error, f"{path}: {name}", Weights)) from None
    return entries


def load_paper(path: Path, preset: str, device: str = "auto") -> Paper:
    """The paper in `path` under a preset; its `{preset}/gpu` overlay is added where device is `gpu`.

    Raises ConfigError for a wrong key, type or reference, and for a setting without a source where
    the paper is `fully_sourced`.
    """
    tree = _read_paper(path)
    presets = tree.pop("presets", {}) or {}
    if not isinstance(presets, dict) or not all(entry is None or isinstance(entry, dict) for entry in presets.values()):
        raise ConfigError(f"{path}: presets: expected a mapping of presets to what they change, got {presets!r}")
    known = {*PRESETS, *(f"{name}/gpu" for name in PRESETS)}
    if preset != FULL_SIZE and preset not in presets:
        raise ConfigError(
            f"{path}: presets.{preset}: expected an entry, if need be {{}}: it would be the paper's own size"
        )
    for name in presets:
        if name not in known:
            raise ConfigError(f"{path}: presets.{name}: expected one of {', '.join(sorted(known))}")
    for name in (preset, f"{preset}/gpu") if device == "gpu" else (preset,):
        tree = merge(tree, presets.get(name) or {})
    defaults = tree.pop("defaults", {}) or {}
    if not isinstance(defaults, dict):
        raise ConfigError(f"{path}: defaults: expected a mapping of recipes to settings, got {defaults!r}")
    for section in MERGED:
        if not isinstance(tree.get(section) or {}, dict):
            raise ConfigError(f"{path}: {section}: expected a mapping of names to entries, got {tree[section]!r}")
        tree[section] = expand_templates(tree.get(section) or {}, f"{path}: {section}")
    for name, run in tree["runs"].items():
        if isinstance(run, dict):
            tree["runs"][name] = merge(defaults.get(str(run.get("recipe")), {}), run)
    try:
        paper = Paper.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(explain(error, f"{path} (preset {preset})", Paper)) from None
    problems = list(dict.fromkeys(paper.problems()))  # a column has the same in every row
    if preset == FULL_SIZE and paper.extends is None:
        problems += unsourced(paper)
    if problems:
        raise ConfigError("\n".join(f"{path} (preset {preset}): {problem}" for problem in problems))
    return paper


def declared_presets(path: Path) -> list[str]:
    """The presets under which a paper can be asked for."""
    return [preset for preset in PRESETS if preset == FULL_SIZE or preset in (read_yaml(path).get("presets") or {})]


def _read_paper(path: Path) -> Tree:
    """The file, merged over the one that it `extends`, whose presets stay behind: they are about its data."""
    tree = read_yaml(path)
    if "extends" not in tree:
        return tree
    if not isinstance(tree["extends"], str) or not re.fullmatch(NAME, tree["extends"]):
        raise ConfigError(f"{path}: extends: expected the name of a paper beside it, got {tree['extends']!r}")
    base_path = path.with_name(f"{tree['extends']}.yaml")
    base = read_yaml(base_path)
    if "extends" in base:
        raise ConfigError(f"{path}: extends: {base_path.name} extends {base['extends']} itself; name that one")
    base.pop("presets", None)
    base.pop("sources", None)  # they hold for its own values alone
    merged: Tree = merge(base, tree)
    return merged


def merge(base: Any, overlay: Any) -> Any:
    """Deep merge: mappings merge key by key, anything else is replaced.

    An overlay that changes the adapter, recipe or kind replaces the whole entry: its old options would
    mean nothing to the new kind. `null` removes an entry.
    """
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    if any(key in base and key in overlay and base[key] != overlay[key] for key in DISCRIMINATORS):
        return overlay
    merged = {key: merge(base[key], overlay[key]) if key in overlay else base[key] for key in base}
    merged |= {key: overlay[key] for key in overlay if key not in base}
    return {key: value for key, value in merged.items() if value is not None or key not in overlay}


def expand_templates(tree: Any, where: str) -> Any:
    """Writes out every entry that has `for_each: {name: [values]}` once per combination of values.

    `{name}` is replaced in the entry's key and in every string below it. A later entry with the name of one that a
    template made changes that one, as `merge` does.
    """
    if isinstance(tree, list):
        return [expand_templates(item, where) for item in tree]
    if not isinstance(tree, dict):
        return tree
    out: Tree = {}
    for key, entry in tree.items():
        if not (isinstance(entry, dict) and "for_each" in entry):
            one = expand_templates(entry, where)
            out[key] = merge(out[key], one) if key in out else one  # which a template may have made
            continue
        axes = entry["for_each"]
        if not isinstance(axes, dict) or not all(isinstance(values, list) for values in axes.values()):
            raise ConfigError(f"{where}.{key}.for_each: expected name: [values], got {axes!r}")
        if math.prod(map(len, axes.values())) > MOST_COPIES:
            raise ConfigError(f"{where}.{key}.for_each: makes more than {MOST_COPIES} entries; take values away")
        body = {name: value for name, value in entry.items() if name != "for_each"}
        for values in itertools.product(*axes.values()):
            filled = _fill({key: body}, dict(zip(axes, values, strict=True)))
            clash = filled.keys() & out.keys()
            if clash:
                raise ConfigError(f"{where}.{key}: for_each makes {clash.pop()!r} twice; name it in the key")
            out |= filled
    return out


def _fill(tree: Any, values: Mapping[str, str]) -> Any:
    if isinstance(tree, str):
        for name, value in values.items():
            tree = tree.replace(f"{{{name}}}", str(value))
        return tree
    if isinstance(tree, dict):
        return {_fill(key, values): _fill(value, values) for key, value in tree.items()}
    return [_fill(item, values) for item in tree] if isinstance(tree, list) else tree


def explain(error: ValidationError, source: str, model: type[BaseModel]) -> str:
    """One line a problem: file, key, what was expected, what came, and the nearest known key."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        got = problem["input"]
        if problem["type"] == "extra_forbidden":
            names = _field_names(model)
            near = difflib.get_close_matches(str(problem["loc"][-1]), names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            lines.append(f"{source}: {key}: unknown key{hint}")
        elif problem["type"] == "missing":
            lines.append(f"{source}: {key}: expected a value, the key is missing")
        elif problem["type"] == "union_tag_invalid":
            tag, known = problem["ctx"]["tag"], re.findall(r"'([^']*)'", problem["ctx"]["expected_tags"])
            near = difflib.get_close_matches(tag, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
            tagged = problem["ctx"]["discriminator"].strip("'")
            lines.append(f"{source}: {key}.{tagged}: no {tagged} called {tag!r}; {hint}")
        else:
            shown = _shown(got) if not isinstance(got, dict) else f"a mapping with {', '.join(map(str, got))}"
            lines.append(f"{source}: {key}: {problem['msg']}, got {shown}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _field_names(model: type[BaseModel]) -> set[str]:
    """Every field name in a model's schema."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}
