"""Writes the pins of requirements.lock into the conda environments; `make lock` runs it."""

import re
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    lock = (HERE / "requirements.lock").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)", lock, re.MULTILINE))
    for file in HERE.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"- ([a-z0-9.-]+)==\S+", lambda found: f"- {found[1]}=={pins[found[1]]}", text)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
