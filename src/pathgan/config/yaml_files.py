"""YAML files of users: mappings, each key once, and no larger than anybody writes by hand."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pathgan.errors import ConfigError

MAX_BYTES = 10_000_000
MAX_VALUES = 1_000_000  # with every anchor written out
# Every job of a cluster reads all papers; libyaml does it in a tenth of the time.
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 100
MERGE = "tag:yaml.org,2002:merge"

Tree = dict[str, Any]


class _Loader(SAFE_LOADER):  # type: ignore[misc, valid-type]
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"duplicate key {key.value!r}, also on line {seen[key.value]}",
                        problem_mark=key.start_mark,
                    )
                seen[key.value] = line
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def read_yaml(path: Path) -> Tree:
    """A mapping of the caller's own, whose values are shared: change none in place.

    Raises ConfigError for a file that is absent, no YAML, too large, or has a key twice.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: expected up to {MAX_BYTES // 10**6} MB, got {path.stat().st_size} bytes")
        tree = _tree(path.read_text(encoding="utf-8-sig"), path)
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml"))) or "none"
        raise ConfigError(f"{path}: no such paper; there are: {known}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ConfigError(f"{path}: not YAML: {line}{error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # dates that are none, bytes that are no UTF-8
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(tree).__name__}")
    return dict(tree)


@lru_cache(maxsize=64)  # a paper is read once for each of its presets
def _tree(text: str, path: Path) -> Any:
    depth = 0
    for event in yaml.parse(text, _Loader):  # first: what nests deeper than the machine's stack ends the process
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError(f"{path}: not YAML: nested more than {MAX_DEPTH} deep")
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MAX_VALUES:
            raise ConfigError(f"{path}: more than {MAX_VALUES} values with its anchors written out; take some away")
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, float]) -> float:
    """Values in a node, with anchors written out; infinite for one that holds itself."""
    if id(node) not in known:
        known[id(node)] = math.inf
        known[id(node)] = 1 + sum(_size(child, known) for child in _children(node))
    return known[id(node)]


def _children(node: yaml.Node) -> Sequence[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else ()
