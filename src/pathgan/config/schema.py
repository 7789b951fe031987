"""JSON schemas of the configuration files as they are written, for editors; `make schema` commits them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pathgan.config.claim_types import Claims
from pathgan.config.kinds import TAGS
from pathgan.config.papers import Paper
from pathgan.config.workflow import Workflow

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DISCRIMINATORS = set(TAGS.values())
OPEN = {"type": "object"}


def workflow_schema() -> dict[str, Any]:
    """Of config/config.yaml."""
    return {"$schema": DRAFT, **Workflow.model_json_schema()}


def paper_schema() -> dict[str, Any]:
    """Of config/papers/*.yaml: a paper before defaults, presets and `for_each` are worked in.

    So nothing is required but what tells kinds apart, and `defaults` and `presets` are open.
    """
    schema = {"$schema": DRAFT, **Paper.model_json_schema()}
    schema["properties"] |= {"defaults": OPEN, "presets": OPEN}
    for part in (schema, *schema["$defs"].values()):
        _relax(part)
    for section in ("slides", "datasets", "runs", "samples", "scores", "tables", "figures"):
        entries = schema["properties"][section]
        patterns = entries.pop("patternProperties", None)
        if patterns:  # a template's key holds {braces}, so any name is let through
            (entries["additionalProperties"],) = patterns.values()
        # A paper that extends another takes an entry away with null.
        entries["additionalProperties"] = {"anyOf": [entries["additionalProperties"], {"type": "null"}]}
    return schema


def claims_schema() -> dict[str, Any]:
    """Of config/claims/*.yaml."""
    return {"$schema": DRAFT, **Claims.model_json_schema()}


def write(folder: Path) -> None:
    """Writes all schemas."""
    for name, schema in (("workflow", workflow_schema()), ("paper", paper_schema()), ("claims", claims_schema())):
        (folder / f"{name}.schema.json").write_text(json.dumps(schema, indent=1) + "\n")


def _relax(part: dict[str, Any]) -> None:
    if part.get("type") != "object":
        return
    required = [name for name in part.pop("required", []) if name in DISCRIMINATORS]
    if required:
        part["required"] = required
    if "properties" in part:
        part["properties"]["for_each"] = OPEN
        for field in part["properties"].values():
            _any_name(field)


def _any_name(field: Any) -> None:
    """Drops the patterns of names, and lets {braces} stand for numbers: templates are not filled yet."""
    if isinstance(field, dict):
        field.pop("pattern", None)
        if field.get("type") == "integer":
            field |= {"type": ["integer", "string"], "pattern": r"^\{\w+\}$"}
        for inner in field.values():
            _any_name(inner)
    elif isinstance(field, list):
        for inner in field:
            _any_name(inner)


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[3] / "config" / "schemas")
