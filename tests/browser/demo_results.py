"""Where the demo's results lie, which `make demo` makes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PRESET = ROOT / "results" / "demo"
FRONT_PAGE = PRESET / "index.html"
