"""The lock file as if it had pinned what is installed here: an audit compares the two."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LOCK = Path(__file__).parents[1] / "envs" / "requirements.lock"


def own_lock() -> str:
    """Its text, but with the installed version of each package of which it pins another."""
    text = LOCK.read_text()
    pins = re.findall(r"^([\w.-]+)==([^\s+]+)", text, re.MULTILINE)
    for name in dict.fromkeys(name for name, _ in pins):
        installed = _installed(name)
        if installed and (name, installed) not in pins:
            text = re.sub(rf"^{re.escape(name)}==[^\s+]+", f"{name}=={installed}", text, flags=re.MULTILINE)
    return text


def _installed(name: str) -> str:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return ""
