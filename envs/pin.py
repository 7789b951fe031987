"""Writes the pins of requirements.lock into the conda environments; `make lock` runs it."""

import re
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent


def pins_for(lock: str, python: str) -> dict[str, str]:
    """Package -> version of a lock that holds for several versions of Python (`3.11`), on Linux."""
    platform = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    lines = (line.rstrip(" \\") for line in lock.splitlines() if re.match(r"[a-z0-9.-]+==", line))
    wanted = [Requirement(line) for line in lines]
    return {
        entry.name: str(entry.specifier).removeprefix("==")
        for entry in wanted
        if entry.marker is None or entry.marker.evaluate(platform)
    }


def pinned(environment: str, lock: str) -> str:
    """The text of a conda environment with the lock's versions."""
    pins = pins_for(lock, re.findall(r"python=(\S+)", environment)[0])
    return re.sub(r"- ([a-z0-9.-]+)==\S+", lambda found: f"- {found[1]}=={pins[found[1]]}", environment)


def main() -> None:
    lock = (HERE / "requirements.lock").read_text(encoding="utf-8")
    for file in HERE.glob("*.yaml"):
        file.write_text(pinned(file.read_text(encoding="utf-8"), lock), encoding="utf-8")


if __name__ == "__main__":
    main()
