"""Our scores beside the libraries that people use: the same arrays, one thread, one run.

`make bench` sets up an environment with the peers and runs this. hover_net is no package: check it out and add
`--hover-net FOLDER` (or `make bench HOVER_NET=FOLDER`). Writes benchmarks/metrics.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType

for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

import cleanfid.fid
import cv2
import numpy as np
import piq
import pytorch_msssim
import skimage.data
import torch
import torch_fidelity.metric_fid as fidelity_fid
import torch_fidelity.metric_kid as fidelity_kid
import torch_fidelity.metric_prc as fidelity_prc
import torchmetrics.functional.image as torchmetrics_image
import torchmetrics.image.fid as torchmetrics_fid
from skimage.metrics import structural_similarity as skimage_ssim
from timing import Comparison, compare, machine, markdown

from pathgan import metrics
from pathgan.config.phantom_looks import Tissue
from pathgan.phantoms.fields import histology_field

HERE = Path(__file__).parent
PACKAGES = ("numpy", "scipy", "opencv-python-headless", "torch", "clean-fid", "torch-fidelity", "torchmetrics", "piq")
PACKAGES = (*PACKAGES, "pytorch-msssim", "scikit-image")


def features(n: int, d: int = 2048, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two sets with the look of Inception's: correlated, positive, many of them small."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(256, d)) / 16
    return tuple(  # type: ignore[return-value]
        np.maximum(rng.normal(shift, 1, size=(n, 256)) @ mixing + 0.1 * rng.normal(size=(n, d)), 0)
        for shift in (0.0, 0.1)
    )


def pairs(n: int, size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """Crops of a real H-DAB image, and the same after JPEG or noise."""
    image, rng = skimage.data.immunohistochemistry(), np.random.default_rng(0)
    real, fake = np.empty((2, n, size, size, 3), np.uint8)
    for i in range(n):
        y, x = rng.integers(0, 512 - size, 2)
        real[i] = image[y : y + size, x : x + size]
        if i % 2:
            fake[i] = cv2.imdecode(cv2.imencode(".jpg", real[i], [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR)
        else:
            fake[i] = np.clip(real[i] + rng.normal(0, 15, real[i].shape), 0, 255)
    return real, fake


def tensors(images: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2).to(dtype).contiguous()


def distributions() -> list[Comparison]:
    a, b = features(246)
    ta, tb = torch.from_numpy(a), torch.from_numpy(b)

    def by_clean_fid() -> float:
        moments = [x for f in (a, b) for x in (f.mean(0), np.cov(f, rowvar=False))]
        return cleanfid.fid.frechet_distance(*moments)

    def by_torch_fidelity() -> float:
        moments = [fidelity_fid.fid_features_to_statistics(x) for x in (ta, tb)]
        return fidelity_fid.fid_statistics_to_metric(*moments, verbose=False)["frechet_inception_distance"]

    def by_torchmetrics() -> float:
        moments = [x for f in (ta, tb) for x in (f.mean(0), torch.cov(f.T))]
        return float(torchmetrics_fid._compute_fid(*moments))

    rows = compare(
        "FID, n = 246",
        lambda: metrics.frechet_distance(a, b),
        {
            "clean-fid": (by_clean_fid, 100),
            "torch-fidelity": (by_torch_fidelity, 50),
            "torchmetrics": (by_torchmetrics, None),
        },
        rounds=3,
        tolerance=1e-3,
    )
    options = {"kid_subsets": 100, "kid_subset_size": 50, "kid_kernel": "poly", "kid_kernel_poly_degree": 3}
    options |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1, "rng_seed": 2020, "verbose": False}
    rows += compare(
        "KID, 100 subsets of 50",
        lambda: metrics.kernel_distance(a, b, subset_size=50, n_subsets=100, seed=2020),
        {"torch-fidelity": (lambda: list(fidelity_kid.kid_features_to_metric(ta, tb, **options).values()), 2.5)},
        rounds=9,
        tolerance=1e-9,
    )
    rows += compare(
        "KID, 100 subsets of 50 (clean-fid draws its own)",
        lambda: metrics.kernel_distance(a, b, subset_size=50, n_subsets=100)[0],
        {"clean-fid": (lambda: cleanfid.fid.kernel_distance(a, b, num_subsets=100, max_subset_size=50), None)},
        rounds=9,
    )
    prc = {"prc_neighborhood": 3, "prc_batch_size": 10_000, "save_cpu_ram": False, "verbose": False}
    rows += compare(
        "precision and recall, n = 246",
        lambda: metrics.precision_recall(a, b),
        {
            "torch-fidelity": (
                lambda: [fidelity_prc.prc_features_to_metric(tb, ta, **prc)[key] for key in ("precision", "recall")],
                None,
            )
        },
        tolerance=1e-6,
    )
    large = features(3000)
    means = [x for f in large for x in (f.mean(0), np.cov(f, rowvar=False))]
    rows += compare(
        "FID, n = 3,000",
        lambda: metrics.frechet_distance(*large),
        {"clean-fid, from its moments": (lambda: cleanfid.fid.frechet_distance(*means), None)},
        rounds=1,
        tolerance=1e-3,
    )
    return rows


def similarities() -> list[Comparison]:
    real, fake = pairs(20)
    a, b = tensors(real), tensors(fake)

    def each(call) -> list[float]:
        """Image by image: this is how users of these libraries get one value per image."""
        return [float(call(a[i : i + 1], b[i : i + 1])) for i in range(len(real))]

    def by_skimage() -> list[float]:
        options = {"channel_axis": 2, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        return [skimage_ssim(x, y, data_range=255, **options) for x, y in zip(real, fake, strict=True)]

    def by_torchmetrics() -> list[float]:
        return torchmetrics_image.structural_similarity_index_measure(a, b, data_range=255.0, reduction="none").numpy()

    rows = compare(
        "SSIM, 256 px",
        lambda: metrics.structural_similarity(real, fake),
        {"scikit-image": (by_skimage, 5)},
        tolerance=1e-5,
    )
    # The others work in float32 here, as they are used: what they lie off is theirs. torchmetrics keeps borders.
    rows += compare(
        "SSIM, 256 px",
        lambda: metrics.structural_similarity(real, fake),
        {
            "pytorch-msssim": (lambda: pytorch_msssim.ssim(a, b, size_average=False).numpy(), None),
            "piq": (lambda: piq.ssim(a, b, data_range=255, reduction="none").numpy(), None),
            "torchmetrics": (by_torchmetrics, None),
        },
    )
    rows += compare(
        "MS-SSIM, 256 px",
        lambda: metrics.multiscale_structural_similarity(real, fake),
        {
            "pytorch-msssim": (lambda: pytorch_msssim.ms_ssim(a, b, size_average=False).numpy(), None),
            "piq": (lambda: piq.multi_scale_ssim(a, b, data_range=255, reduction="none").numpy(), None),
        },
        tolerance=1e-5,
    )
    rows += compare(
        "GMSD, 256 px",
        lambda: metrics.gradient_magnitude_similarity_deviation(real, fake),
        {"piq": (lambda: piq.gmsd(a, b, data_range=255, reduction="none").numpy(), 15)},
        tolerance=1e-5,
    )
    rows += compare(
        "GMSD, 256 px, piq image by image",
        lambda: metrics.gradient_magnitude_similarity_deviation(real, fake),
        {"piq": (lambda: each(lambda x, y: piq.gmsd(x, y, data_range=255)), None)},
        tolerance=1e-5,
    )
    rows += compare(
        "FSIM, 256 px",
        lambda: metrics.feature_similarity(real, fake),
        {"piq": (lambda: piq.fsim(a, b, data_range=255, chromatic=False, reduction="none").numpy(), 2)},
        tolerance=1e-5,
    )
    rows += compare(
        "FSIM, 256 px, piq image by image",
        lambda: metrics.feature_similarity(real, fake),
        {"piq": (lambda: each(lambda x, y: piq.fsim(x, y, data_range=255, chromatic=False)), None)},
        tolerance=1e-5,
    )
    return rows


def instances(hover_net: ModuleType) -> list[Comparison]:
    rows = []
    for size, radius, per_mpx, wanted in ((256, 10, 450, 40), (512, 10, 570, None), (1000, 10, 600, 200)):
        true = histology_field(Tissue(nuclei_per_mpx=per_mpx, radius_px=radius), size, (7,)).instances
        predicted = hover_net.remap_label(np.roll(true, (3, 2), (0, 1)))  # it wants ids without gaps
        true = hover_net.remap_label(true)

        def ours(true: np.ndarray = true, predicted: np.ndarray = predicted) -> list[float]:
            scores = metrics.instance_scores(true, predicted)
            return [scores[name] for name in ("aji", "dq", "sq", "pq")]

        def theirs(true: np.ndarray = true, predicted: np.ndarray = predicted) -> list[float]:
            return [hover_net.get_fast_aji(true, predicted), *hover_net.get_fast_pq(true, predicted)[0]]

        what = f"AJI + PQ, {size} px, {true.max()} nuclei"
        rows += compare(what, ours, {"hover_net": (theirs, wanted)}, rounds=3, tolerance=1e-6)
    return rows


def everything(images: tuple[np.ndarray, np.ndarray]) -> None:
    """The whole table of image scores of some pairs."""
    cv2.setNumThreads(1)
    for metric in (
        metrics.structural_similarity,
        metrics.multiscale_structural_similarity,
        metrics.peak_signal_noise_ratio,
        metrics.mean_absolute_error,
        metrics.feature_similarity,
        metrics.gradient_magnitude_similarity_deviation,
    ):
        metric(*images)


def whole_table(n: int = 1000) -> str:
    real, fake = pairs(n)
    halves = [(real[: n // 2], fake[: n // 2]), (real[n // 2 :], fake[n // 2 :])]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(everything, [(x[:1], y[:1]) for x, y in halves]))  # start the workers
        started = time.perf_counter()
        list(pool.map(everything, halves))
        seconds = time.perf_counter() - started
    what = f"SSIM, MS-SSIM, PSNR, MAE, FSIM and GMSD of {n:,} pairs of 256 px, two processes"
    return f"{what}: {seconds:.1f} s (wanted: 180 s)."


def load_hover_net(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("stats_utils", folder / "metrics" / "stats_utils.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hover-net", type=Path, help="a checkout of hover_net, for AJI and PQ")
    folder = parser.parse_args().hover_net
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rows = [*similarities(), *distributions()]
    rows += instances(load_hover_net(folder)) if folder else []
    note = "" if folder else "\n\nAJI and PQ were not compared: no --hover-net."
    text = (
        "# Scores beside their peers\n\nWritten by `benchmarks/metrics.py`: one thread, the same arrays, medians of "
        "alternating rounds. `ratio`: how many\ntimes as long the peer takes. Where a score is of several images, "
        f"times are for all of them.\n\n{markdown(rows)}{note}\n\n{whole_table()}\n\n{machine(*PACKAGES)}\n"
    )
    print(text)
    (HERE / "metrics.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
