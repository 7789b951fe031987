"""Small packages that a machine with torch, and without a network, may lack.

`make gpu-pack` fetches their wheels, of the versions in the lock, into build/gpu-packages; they travel with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "gpu-packages"
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
PACKED = {  # package -> module
    "annotated-types": "annotated_types",
    "lazy-loader": "lazy_loader",
    "packaging": "packaging",
    "psutil": "psutil",
    "pydantic": "pydantic",
    "pydantic-core": "pydantic_core",
    "pyyaml": "yaml",
    "safetensors": "safetensors",
    "tifffile": "tifffile",
    "typing-extensions": "typing_extensions",
    "typing-inspection": "typing_inspection",
}
TOO_LARGE = ("torch", "torchvision", "numpy", "scipy", "skimage", "cv2", "h5py", "PIL")  # modules that must be there


def make_importable() -> None:
    """Puts the packed wheels on the path where a module is missing. Exits with one line where one stays missing."""
    if _missing(PACKED.values()):
        site = FOLDER / f"site-{sys.version_info.major}.{sys.version_info.minor}"
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
        for wheel in sorted(FOLDER.glob("*.whl")):
            if f"-{tag}-" in wheel.name or "-py3-" in wheel.name or "-abi3-" in wheel.name:
                with zipfile.ZipFile(wheel) as file:
                    file.extractall(site)
        sys.path.insert(0, str(site))
        os.environ["PYTHONPATH"] = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    if missing := _missing([*PACKED.values(), *TOO_LARGE]):
        sys.exit(
            f"modules missing in {sys.executable}: {', '.join(missing)}; install them, or run `make gpu-pack` first"
        )


def _missing(modules: Iterable[str]) -> list[str]:
    return [module for module in modules if find_spec(module) is None]


def fetch() -> None:
    sys.path.insert(0, str(ROOT / "envs"))
    from pin import pins_for

    lock = (ROOT / "envs" / "requirements.lock").read_text(encoding="utf-8")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for python in PYTHONS:
        pins = pins_for(lock, python)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", python, "--dest", str(FOLDER)]
        command += [f"--platform={platform}" for platform in PLATFORMS]
        subprocess.run([*command, *(f"{name}=={pins[name]}" for name in PACKED)], check=True)
    size = sum(wheel.stat().st_size for wheel in FOLDER.glob("*.whl"))
    print(f"{size / 1e6:.1f} MB in {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    fetch()
