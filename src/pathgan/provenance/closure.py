"""Which of our modules a job can reach, and one digest of what they do.

Snakemake sees a script's path alone: without this, an edit in `src/` would leave old results standing. The digest is of
syntax trees without docstrings and without what type checkers alone read, so that a comment makes nothing stale. The
sha256 of each file's text stands beside it in records.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from pathgan.inside import why_outside

# Modules that every job loads and that change no byte of an output: they say what went wrong, and write logs and
# records. tests/workflow/exempt.py replaces each by one that does nothing; a test compares outputs.
EXEMPT = (
    "pathgan.errors",
    "pathgan.provenance",
    "pathgan.provenance.attempts",
    "pathgan.provenance.recording",
)


class CodeFile(TypedDict):
    """sha256: of the text. tree: of what it does."""

    sha256: str
    tree: str


class Code(TypedDict):
    """digest: of the trees of all files, which are named within the checkout. roots: what was followed."""

    digest: str
    roots: list[str]
    files: dict[str, CodeFile]


class CodeTree:
    """The code of a checkout as it is when it is first asked for: every file is read once."""

    def __init__(self, checkout: Path):
        self._checkout, self._source = checkout, checkout / "src"
        self._read = lru_cache(maxsize=None)(lambda file: _parsed(file.read_bytes(), file.suffix == ".py"))
        self._file_of = lru_cache(maxsize=None)(self._find)
        self._reached = lru_cache(maxsize=None)(self._follow)

    def files(self, roots: Iterable[str]) -> list[Path]:
        """The roots and every file of `src/` that they import, directly or not, sorted.

        roots: files, as `scripts/score.py` or a template, and modules that jobs import by name. Raises
        FileNotFoundError for a root that is not there.
        """
        waiting: list[Path] = []
        for root in roots:
            if why_outside(root):
                raise FileNotFoundError(root)
            is_path = "/" in root
            file = self._checkout / root if is_path else self._file_of(root)
            if file is None or not file.exists():
                raise FileNotFoundError(root if is_path else f"src/{root.replace('.', '/')}.py")
            waiting.extend([file] if is_path else self._module_files(root))
        found: set[Path] = set()
        while waiting:
            file = waiting.pop()
            if file not in found:
                found.add(file)
                waiting.extend(self._reached(file))
        return sorted(found)

    def state(self, roots: Iterable[str]) -> Code:
        """The files that a job can reach, and one digest of what they do; moving the checkout does not change it."""
        roots = list(roots)
        files = {file.relative_to(self._checkout).as_posix(): self._read(file).described for file in self.files(roots)}
        return Code(digest=digest_of(files), roots=roots, files=files)

    def _follow(self, file: Path) -> list[Path]:
        """The files that a file imports, and those of the packages around them, which Python runs first."""
        return [path for name in self._read(file).imports for path in self._module_files(self._absolute(name, file))]

    def _absolute(self, name: str, file: Path) -> str:
        """The name of what is imported, which begins with a dot for each step up from `file` where it is relative."""
        bare = name.lstrip(".")
        level = len(name) - len(bare)
        if not level or not file.is_relative_to(self._source):
            return name
        return ".".join([*file.relative_to(self._source).parts[:-level], *filter(None, [bare])])

    def _module_files(self, name: str) -> Iterator[Path]:
        parts = name.split(".")
        for depth in range(1, len(parts) + 1):
            file = self._file_of(".".join(parts[:depth]))
            if file is not None and ".".join(parts[:depth]) not in EXEMPT:
                yield file
            elif file is None and depth == len(parts) > 1:
                yield from self._behind_lazy_names(".".join(parts[:-1]))

    def _behind_lazy_names(self, package: str) -> Iterable[Path]:
        """All modules of a package that loads them when it is asked for one of their names: any may be meant."""
        file = self._file_of(package)
        is_lazy = file is not None and file.name == "__init__.py" and self._read(file).is_lazy
        return file.parent.glob("*.py") if file is not None and is_lazy else ()

    def _find(self, name: str) -> Path | None:
        """The file of a module or package of ours."""
        base = self._source.joinpath(*name.split("."))
        return next((file for file in (base / "__init__.py", base.with_suffix(".py")) if file.exists()), None)


def code_state(roots: Iterable[str], checkout: Path) -> Code:
    """`CodeTree.state` of a checkout as it is now."""
    return CodeTree(checkout).state(roots)


def digest_of(files: dict[str, CodeFile]) -> str:
    """sha256 of `{tree}  {name}` lines, by name."""
    lines = "".join(f"{files[name]['tree']}  {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


# --- one file -----------------------------------------------------------------------------------------------


class _Parsed:
    """What a file does and imports. One that is no Python, or does not parse, is its own text, and imports nothing."""

    def __init__(self, text: bytes, is_python: bool):
        self.imports: set[str] = set()
        self.is_lazy = False  # it has a __getattr__ of its own
        self._parts: list[str] = []
        tree = _syntax_tree(text) if is_python else None
        if tree is None:
            does = b"does not parse\0" + text
        else:
            self._visit(tree)
            self.is_lazy = any("__getattr__" in _defined(statement) for statement in tree.body)
            does = "".join(self._parts).encode("utf-8", "surrogatepass")
        self.described = CodeFile(sha256=hashlib.sha256(text).hexdigest(), tree=hashlib.sha256(does).hexdigest())

    def _visit(self, node: object) -> None:
        """Writes a syntax tree as text that is the same under Python 3.11 to 3.13: fields that are empty are left out,
        as later versions have more of them."""
        if isinstance(node, ast.AST):
            self.imports.update(_imported(node))
            self._parts.append(f"{type(node).__name__}(")
            for name in node._fields:
                value = _counting(node, name)
                if value is not None and value != [] and name not in _PLACES:
                    self._parts.append(f"{name}=")
                    self._visit(value)
            self._parts.append(")")
        elif isinstance(node, list):
            self._parts.append("[")
            for item in node:
                self._visit(item)
            self._parts.append("]")
        else:
            self._parts.append(f"{type(node).__name__}:{node!r},")


def _syntax_tree(text: bytes) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


@lru_cache(maxsize=2048)
def _parsed(text: bytes, is_python: bool) -> _Parsed:
    return _Parsed(text, is_python)


_PLACES = {"ctx", "type_comment", "kind"}  # they follow from the rest, or are comments
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _imported(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        return [module, *(f"{module}{'.' if node.module else ''}{alias.name}" for alias in node.names)]
    return ()


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module gives it."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    assigned = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return assigned | {getattr(statement, "name", "")}


def _counting(node: ast.AST, field: str) -> Any:
    """A field of a node without docstrings and without what stands under TYPE_CHECKING."""
    value = getattr(node, field, None)
    if field == "body" and isinstance(node, _DOCUMENTED) and value and _is_text(value[0]):
        return value[1:]
    if field == "body" and isinstance(node, ast.If) and _is_type_checking(node.test):
        return []
    return value


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"
