"""How alike two sets of embeddings are: Frechet and kernel distances, precision and recall, density and coverage.

Embeddings are (n, d) each, n >= 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, svdvals
from scipy.stats import linregress

Features = NDArray[np.floating]
Plane = NDArray[np.float64]
BLOCK = 2048  # rows of a kernel or distance matrix held at a time
CACHED_ROWS = 8192  # up to this many rows the whole kernel matrix is cached (0.5 GB)


def frechet_distance(a: Features, b: Features) -> float:
    """FID of two sets (Heusel et al. 2017, Eq. 6): (n, d) and (m, d) -> a squared length, >= 0.

    The trace of the root of the product of two covariances A'A and B'B is the sum of the singular values of
    A B': no matrix root, and no larger a matrix than the smaller of sets and dimensions asks for. Sets larger
    than d are first reduced to d rows (QR), which leaves A'A as it is.
    """
    a, b = _checked(a, b)
    mean_a, mean_b = a.mean(0), b.mean(0)
    root_a, root_b = _root(a - mean_a), _root(b - mean_b)
    shared = svdvals(root_a @ root_b.T, overwrite_a=True, check_finite=False).sum()
    distance = np.square(mean_a - mean_b).sum() + np.square(root_a).sum() + np.square(root_b).sum() - 2 * shared
    return max(float(distance), 0.0)


def frechet_at_infinity(a: Features, b: Features, *, n_sizes: int = 15, seed: int = 0) -> tuple[float, float]:
    """FID of infinitely many images of both kinds (Chong and Forsyth 2020, Sec. 4), and its standard error.

    FID is nearly linear in 1 / n: a line through FIDs of random subsets, of a quarter to all of the smaller set, is
    drawn out to 1 / n = 0. The error is that of the line alone. It may be negative where the sets are alike.
    """
    a, b = _checked(a, b)
    most = min(len(a), len(b))
    sizes = np.unique(np.linspace(max(2, most // 4), most, n_sizes).astype(int))
    if len(sizes) < 3:
        raise ValueError(f"expected sets of 5 images or more, got {len(a)} and {len(b)}")
    random = np.random.default_rng(seed)
    found = [
        frechet_distance(*(features[random.choice(len(features), n, replace=False)] for features in (a, b)))
        for n in sizes
    ]
    line = linregress(1 / sizes, found)
    return float(line.intercept), float(line.intercept_stderr)


def gaussian_kernel_distance(a: Features, b: Features, bandwidth: float) -> float:
    """Squared maximum mean discrepancy (Gretton et al. 2012, Eq. 3) with the kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    As in CMMD (Jayasumana et al. 2024): unbiased, so it may be negative; no set is taken for a Gaussian.
    """
    a, b = _checked(a, b)
    if not bandwidth > 0:
        raise ValueError(f"expected a bandwidth above 0, got {bandwidth}; are all embeddings the same?")

    def total(x: Plane, y: Plane) -> float:
        return float(sum(np.exp(_squared_distances(x[i], y) / (-2 * bandwidth**2)).sum() for i in _blocks(x)))

    within = [(total(x, x) - len(x)) / (len(x) * (len(x) - 1)) for x in (a, b)]
    return sum(within) - 2 * total(a, b) / (len(a) * len(b))


def median_distance(features: Features, seed: int = 0) -> float:
    """The median distance between two of (n, d), of up to BLOCK of them: a bandwidth that suits any embedding."""
    chosen = features[np.random.default_rng(seed).permutation(len(features))[:BLOCK]].astype(np.float64)
    return float(np.sqrt(np.median(_squared_distances(chosen, chosen)[np.triu_indices(len(chosen), 1)])))


def kernel_distance(
    a: Features, b: Features, *, subset_size: int = 50, n_subsets: int = 100, seed: int = 2020
) -> tuple[float, float]:
    """KID of two sets (Binkowski et al. 2018, Eq. 4): mean and sd over random subsets of `subset_size` each.

    Unbiased, so it may be negative. Subsets are drawn without replacement as torch-fidelity draws them: equal
    seeds give equal numbers. Raises ValueError where a set is smaller than a subset.
    """
    a, b = _checked(a, b)
    if n_subsets < 1:
        raise ValueError(f"expected at least one subset, got {n_subsets}")
    if not 2 <= subset_size <= min(len(a), len(b)):
        raise ValueError(
            f"expected subsets of 2 to {min(len(a), len(b))} of {len(a)} and {len(b)} images, got {subset_size}"
        )
    random = np.random.RandomState(seed)
    draws = [
        tuple(random.choice(len(features), subset_size, replace=False) for features in (a, b)) for _ in range(n_subsets)
    ]
    rows_a, rows_b = (np.unique(np.concatenate(rows)) for rows in zip(*draws, strict=True))
    if len(rows_a) + len(rows_b) > CACHED_ROWS:
        values = [_unbiased(*_kernels(a[i], b[j])) for i, j in draws]
    else:
        # One kernel matrix of the rows that are drawn at all; a subset is a look-up in it.
        aa, bb, ab = _kernels(a[rows_a], b[rows_b])
        values = []
        for i, j in ((np.searchsorted(rows_a, i), np.searchsorted(rows_b, j)) for i, j in draws):
            values.append(_unbiased(aa[np.ix_(i, i)], bb[np.ix_(j, j)], ab[np.ix_(i, j)]))
    return float(np.mean(values)), float(np.std(values))


def full_kernel_distance(a: Features, b: Features, paired: bool = False) -> float:
    """KID of two whole sets: the unbiased estimate with no subsets, (n, d) and (m, d) -> float.

    paired: row i of b is made of row i of a (n = m), so that the two are compared with all rows but each other; else
    the estimate of a good copy lies below that of other real images.
    """
    a, b = _checked(a, b)
    across = _mean_off_diagonal(a, b) if paired else _mean_kernel(a, b)
    return _mean_off_diagonal(a) + _mean_off_diagonal(b) - 2 * across


def kernel_distances_without(
    a: Features, b: Features, units_a: Sequence[str], units_b: Sequence[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """`full_kernel_distance` without each unit of a, and without each of b: unit -> value (a delete-one jackknife).

    units_a, units_b: of each row, what is left out as a whole. Of two units or more on both sides, each of which leaves
    two rows or more. Found from sums of the kernel over pairs of units, which are formed once.
    """
    a, b = _checked(a, b)
    names_a, index_a = np.unique(np.asarray(units_a), return_inverse=True)
    names_b, index_b = np.unique(np.asarray(units_b), return_inverse=True)
    aa, bb, ab = _sums(a, a, index_a, index_a), _sums(b, b, index_b, index_b), _sums(a, b, index_a, index_b)
    own_a, own_b = _own_sums(a, index_a), _own_sums(b, index_b)
    n_a, n_b = np.bincount(index_a), np.bincount(index_b)

    def within(sums: Plane, own: Plane, n: NDArray[np.intp]) -> Plane:
        """Mean off the diagonal, without each unit."""
        left = n.sum() - n
        total = sums.sum() - 2 * sums.sum(1) + np.diag(sums) - (own.sum() - own)
        return np.asarray(total / (left * (left - 1)))

    whole_a = (aa.sum() - own_a.sum()) / (n_a.sum() * (n_a.sum() - 1))
    whole_b = (bb.sum() - own_b.sum()) / (n_b.sum() * (n_b.sum() - 1))
    without_a = within(aa, own_a, n_a) + whole_b - 2 * (ab.sum() - ab.sum(1)) / ((n_a.sum() - n_a) * n_b.sum())
    without_b = within(bb, own_b, n_b) + whole_a - 2 * (ab.sum() - ab.sum(0)) / ((n_b.sum() - n_b) * n_a.sum())
    return dict(zip(names_a.tolist(), without_a.tolist(), strict=True)), dict(
        zip(names_b.tolist(), without_b.tolist(), strict=True)
    )


def _sums(a: Plane, b: Plane, index_a: NDArray[np.intp], index_b: NDArray[np.intp]) -> Plane:
    """The kernel summed over pairs of units, (units of a, units of b)."""
    of_a, of_b = (np.eye(index.max() + 1)[index] for index in (index_a, index_b))
    return np.asarray(sum(of_a[rows].T @ (_kernel(a[rows], b) @ of_b) for rows in _blocks(a)))


def _own_sums(a: Plane, index: NDArray[np.intp]) -> Plane:
    """The kernel of each row with itself, summed over units."""
    return np.bincount(index, ((a * a).sum(1) / a.shape[1] + 1) ** 3).astype(np.float64)


def precision_recall(real: Features, fake: Features, neighbours: int = 3) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, Eqs. 1-2), each in [0, 1].

    Precision: the share of `fake` within the distance of some real item to its k-th neighbour; recall the
    other way round. Raises ValueError for sets of `neighbours` items or fewer.
    """
    real, fake = _checked(real, fake)
    if neighbours < 1 or min(len(real), len(fake)) <= neighbours:
        raise ValueError(
            f"expected at least one neighbour, and more than {neighbours} images per set, "
            f"got {len(real)} and {len(fake)}"
        )
    real_radii, fake_radii = _radii(real, neighbours), _radii(fake, neighbours)
    is_real_covered, is_fake_covered = np.zeros(len(real), bool), np.zeros(len(fake), bool)
    for rows in _blocks(real):
        between = _squared_distances(real[rows], fake)
        is_real_covered[rows] = (between <= fake_radii).any(1)
        is_fake_covered |= (between <= real_radii[rows, None]).any(0)
    return float(is_fake_covered.mean()), float(is_real_covered.mean())


def density_coverage(real: Features, fake: Features, neighbours: int = 5) -> tuple[float, float]:
    """Density, >= 0, and coverage in [0, 1] (Naeem et al. 2020, Eqs. 3 and 4).

    Balls are around real items and reach to their k-th neighbour. Density: in how many of them a `fake` item lies, over
    k; 1 where both sets are alike, and an outlier among real items adds little. Coverage: the share of balls with a
    `fake` item inside. Raises ValueError for fewer than `neighbours` + 1 real items.
    """
    real, fake = _checked(real, fake)
    if not 1 <= neighbours < len(real):
        raise ValueError(f"expected at least one neighbour, and more than {neighbours} real images, got {len(real)}")
    radii, inside, is_covered = _radii(real, neighbours), 0, np.zeros(len(real), bool)
    for rows in _blocks(real):
        within = _squared_distances(real[rows], fake) < radii[rows, None]
        inside += int(within.sum())
        is_covered[rows] = within.any(1)
    return inside / (neighbours * len(fake)), float(is_covered.mean())


def _checked(a: Features, b: Features) -> tuple[Plane, Plane]:
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"expected features (n, d) and (m, d), got {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise ValueError(f"expected at least 2 images per set, got {len(a)} and {len(b)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite features, got NaN or inf")
    return a.astype(np.float64), b.astype(np.float64)


def _root(centred: Plane) -> Plane:
    """R with R'R the covariance: the scaled set itself, or its triangular factor where that is smaller."""
    scaled = centred / np.sqrt(len(centred) - 1)
    if len(scaled) <= scaled.shape[1]:
        return scaled
    return qr(scaled, mode="r", overwrite_a=True, check_finite=False)[0][: scaled.shape[1]]


def _kernel(a: Plane, b: Plane) -> Plane:
    """The cubic kernel of KID."""
    product = a @ b.T / a.shape[1] + 1
    return product * product * product


def _kernels(a: Plane, b: Plane) -> tuple[Plane, Plane, Plane]:
    return _kernel(a, a), _kernel(b, b), _kernel(a, b)


def _unbiased(aa: Plane, bb: Plane, ab: Plane) -> float:
    n = len(ab)
    within = (aa.sum() - aa.trace() + bb.sum() - bb.trace()) / (n * (n - 1))
    return float(within - 2 * ab.mean())


def _blocks(features: Plane) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, len(features), BLOCK))


def _mean_off_diagonal(a: Plane, b: Plane | None = None) -> float:
    """Of the kernel of a with itself, or with as many rows of b, but for each row and its own."""
    b = a if b is None else b
    n = len(a)
    diagonal = ((a * b).sum(1) / a.shape[1] + 1) ** 3
    return float((sum(_kernel(a[i], b).sum() for i in _blocks(a)) - diagonal.sum()) / (n * (n - 1)))


def _mean_kernel(a: Plane, b: Plane) -> float:
    return float(sum(_kernel(a[i], b).sum() for i in _blocks(a)) / (len(a) * len(b)))


def _radii(items: Plane, neighbours: int) -> Plane:
    """Squared distance of each item to its k-th neighbour in the set; the nearest is itself."""
    blocks = (_squared_distances(items[rows], items) for rows in _blocks(items))
    return np.concatenate([np.partition(block, neighbours)[:, neighbours] for block in blocks])


def _squared_distances(a: Plane, b: Plane) -> Plane:
    """(n, d), (m, d) -> (n, m)."""
    return np.maximum(np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T, 0)
