"""Where tensors live, and how many threads may work on them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import torch

from pathgan.determinism import make_repeatable
from pathgan.errors import ConfigError


@dataclass(frozen=True)
class Compute:
    """A device with its precision. `threads` fixes every pool: sums depend on how they are split."""

    device: torch.device
    threads: int
    precision: Literal["fp32", "bf16"] = "fp32"

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


def check_gpus(wanted: int, device: str) -> None:
    """Raises ConfigError where GPUs are to be used, and there are fewer than a run's `training.gpus`."""
    found = torch.cuda.device_count()
    if device != "cpu" and 0 < found < wanted:
        raise ConfigError(f"training.gpus: expected {wanted} GPUs, but torch finds {found}; lower it")


def compute_on(device: str, threads: int, precision: Literal["fp32", "bf16"]) -> Compute:
    """Sets up the process for deterministic work; device: auto, cpu or gpu. Raises ConfigError if it is absent."""
    available = torch.cuda.is_available()
    if device == "gpu" and not available:
        raise ConfigError("device: expected a GPU, but torch finds none; set device to auto or cpu")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same switch as use_deterministic_algorithms(True), which imports the compiler (2.5 s) on the way.
    torch.set_deterministic_debug_mode("error")
    torch.backends.cudnn.allow_tf32 = False  # fp32 means fp32
    torch.set_num_threads(threads)
    make_repeatable(threads)
    use_gpu = available and device != "cpu"
    if use_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))  # of the processes that train together
    return Compute(torch.device("cuda" if use_gpu else "cpu"), threads, precision)
