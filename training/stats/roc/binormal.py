"""Maximum-likelihood fit of the binormal ROC model to continuous scores.

TPF = Phi(a + b Phi^-1(FPF)): negatives are N(0, 1) and positives N(a / b, 1 / b^2) on some monotone scale of the
scores. Following LABROC (Metz, Herman and Shen, "Maximum likelihood estimation of receiver operating characteristic
(ROC) curves from continuously-distributed data", Stat. Med. 17:1033, 1998), sorted scores become categories: a run of
scores of one truth, or the ties of both, is one category, which loses nothing that the likelihood could use. The
likelihood of a, b and the cutoffs between categories is then that of Dorfman and Alf (J. Math. Psychol. 6:487, 1969).

The Hessian of the cutoffs is tridiagonal, so that a Newton step costs O(categories), and what remains of it for (a, b)
once the cutoffs are eliminated gives their covariance. It takes rows as independent: for several views of a lesion the
standard error is too small, and `training.stats.inference.clustered` has the one to report.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solveh_banded
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from training.stats.caveats import Caveat, CaveatCode
from training.stats.roc.auc import Vector, checked, empirical_auc

STARTING_SLOPES = (1.0, 0.5, 2.0)
SLOPE_LIMITS = (0.05, 20.0)
SMALLEST = 1e-150


@dataclass(frozen=True, slots=True)
class BinormalFit:
    """A fitted binormal ROC curve.

    Attributes
    ----------
    a, b
        Intercept and slope on normal-deviate axes; none when the data have no such curve (see `flags`).
    auc
        Phi(a / sqrt(1 + b^2)); the empirical AUC where there is no curve.
    se_a, se_b, covariance, se_auc
        From the Hessian at the maximum; none where there is no curve.
    log_likelihood
        Of the categories; none where there is no curve.
    categories
        Truth-state runs.
    flags
        ``perfect_separation``, ``too_few_categories``, ``degenerate_fit`` or ``not_converged``.
    """

    a: float | None
    b: float | None
    auc: float
    se_a: float | None
    se_b: float | None
    covariance: float | None
    se_auc: float | None
    log_likelihood: float | None
    categories: int
    flags: tuple[Caveat, ...] = ()

    def true_positive_fraction(self, false_positive_fraction: ArrayLike) -> Vector:
        """Return points of the fitted curve; without one, the straight lines of perfect or reversed separation."""
        fpf = np.asarray(false_positive_fraction, dtype=np.float64)
        if self.a is None or self.b is None:
            return np.where(fpf >= 1, 1.0, np.full_like(fpf, round(self.auc)))
        return np.asarray(ndtr(self.a + self.b * ndtri(fpf)))


@dataclass(frozen=True, slots=True)
class _Runs:
    """Counts of negatives and positives by category, in ascending order of score."""

    negatives: Vector
    positives: Vector


@dataclass(frozen=True, slots=True)
class _Point:
    """Parameters of the likelihood: a, b and the ascending cutoffs."""

    a: float
    b: float
    cutoffs: Vector

    def moved(self, step_ab: Vector, step_cutoffs: Vector, length: float) -> "_Point":
        a, b = self.a + length * step_ab[0], self.b + length * step_ab[1]
        return _Point(float(a), float(b), self.cutoffs + length * step_cutoffs)

    @property
    def feasible(self) -> bool:
        return self.b > 0 and bool(np.all(np.diff(self.cutoffs) > 0))


def fit_binormal(labels: ArrayLike, scores: ArrayLike) -> BinormalFit:
    """Fit the binormal model to rows taken as independent.

    Parameters
    ----------
    labels
        (n,) true where positive.
    scores
        (n,) higher = more likely positive; only their order counts.

    Raises
    ------
    OneClassOnly, FeaturesNotFinite
    """
    positive, values = checked(labels, scores)
    runs = truth_state_runs(positive, values)
    auc = empirical_auc(positive, values)
    categories = len(runs.negatives)
    if auc in (0.0, 1.0):
        return _no_curve(
            auc, categories, Caveat(CaveatCode.PERFECT_SEPARATION, "The scores separate the classes; any curve fits.")
        )
    if categories < 3:
        return _no_curve(
            auc, categories, Caveat(CaveatCode.TOO_FEW_CATEGORIES, "Fewer than three distinct runs of scores.")
        )
    ends = [_climb(runs, _start(runs, auc, b)) for b in STARTING_SLOPES]
    best, converged = max(ends, key=lambda end: _log_likelihood(runs, end[0]))
    return _described(runs, best, converged)


def truth_state_runs(positive: NDArray[np.bool_], values: Vector) -> _Runs:
    """Return counts by run: neighboring distinct scores of one truth are merged; ties of both stay one."""
    distinct, number = np.unique(values, return_inverse=True)
    m = np.bincount(number, weights=positive, minlength=len(distinct))
    n = np.bincount(number, weights=~positive, minlength=len(distinct))
    truth = np.where(m == 0, 0, np.where(n == 0, 1, 2))
    starts = np.concatenate([[True], (truth[1:] != truth[:-1]) | (truth[1:] == 2)])
    first = np.flatnonzero(starts)
    return _Runs(np.add.reduceat(n, first).astype(np.float64), np.add.reduceat(m, first).astype(np.float64))


def _no_curve(auc: float, categories: int, flag: Caveat) -> BinormalFit:
    return BinormalFit(None, None, auc, None, None, None, None, None, categories, (flag,))


def _start(runs: _Runs, auc: float, b: float) -> _Point:
    """Give the curve of slope b its empirical area, and the cutoffs the quantiles of the mixture of both classes."""
    a = float(ndtri(np.clip(auc, 0.01, 0.99)) * np.sqrt(1 + b**2))
    below = np.cumsum(runs.negatives + runs.positives)[:-1]
    total = runs.negatives.sum() + runs.positives.sum()
    grid = np.linspace(min(-8.0, (a - 8) / b), max(8.0, (a + 8) / b), 20001)
    mixture = (runs.negatives.sum() * ndtr(grid) + runs.positives.sum() * ndtr(b * grid - a)) / total
    strictly = np.maximum.accumulate(mixture + 1e-15 * np.arange(len(grid)))
    return _Point(a, b, np.interp(below / total, strictly, grid))


def _climb(runs: _Runs, point: _Point) -> tuple[_Point, bool]:
    """Climb by damped Newton steps; return the last point and whether the gradient vanished there."""
    value = _log_likelihood(runs, point)
    for _ in range(200):
        step_ab, step_cutoffs, gain = _newton_step(runs, point)
        if gain < 1e-10:
            return point, True
        length = 1.0
        while length > 1e-8:
            trial = point.moved(step_ab, step_cutoffs, length)
            if trial.feasible and (reached := _log_likelihood(runs, trial)) > value:
                break
            length /= 2
        else:
            return point, gain < 1e-6
        point, value = trial, reached
        if not SLOPE_LIMITS[0] < point.b < SLOPE_LIMITS[1]:
            return point, False
    return point, False


def _intervals(cutoffs: Vector) -> Vector:
    """Return standard normal probabilities of the categories, each from the tail where it is accurate."""
    low, high = np.concatenate([[-np.inf], cutoffs]), np.concatenate([cutoffs, [np.inf]])
    upper = low > 0
    return np.asarray(np.maximum(np.where(upper, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low)), SMALLEST))


def _log_likelihood(runs: _Runs, point: _Point) -> float:
    noise = np.log(_intervals(point.cutoffs))
    signal = np.log(_intervals(point.b * point.cutoffs - point.a))
    return float(runs.negatives @ noise + runs.positives @ signal)


def _one_class(counts: Vector, cutoffs: Vector) -> tuple[Vector, Vector, Vector]:
    """Return gradient, Hessian diagonal and off-diagonal of sum(counts log P) with respect to the cutoffs."""
    probability = _intervals(cutoffs)
    density = np.exp(-(cutoffs**2) / 2) / np.sqrt(2 * np.pi)
    rate, curvature = counts / probability, counts / probability**2
    gradient = density * (rate[:-1] - rate[1:])
    diagonal = -cutoffs * gradient - density**2 * (curvature[:-1] + curvature[1:])
    return gradient, diagonal, density[:-1] * density[1:] * curvature[1:-1]


def _profile(runs: _Runs, point: _Point) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    """Eliminate the cutoffs: return the gradient and Hessian left for (a, b), and how the cutoffs follow."""
    t, b = point.cutoffs, point.b
    g0, d0, e0 = _one_class(runs.negatives, t)
    g1, d1, e1 = _one_class(runs.positives, b * t - point.a)
    gradient_t = g0 + b * g1
    banded = np.zeros((2, len(t)))
    banded[1] = -(d0 + b**2 * d1)
    banded[0, 1:] = -(e0 + b**2 * e1)

    def signal_hessian(v: Vector) -> Vector:
        product = d1 * v
        product[:-1] += e1 * v[1:]
        product[1:] += e1 * v[:-1]
        return product

    ones = np.ones_like(t)
    h_ones, h_t = signal_hessian(ones), signal_hessian(t)
    across = np.column_stack([-b * h_ones, b * h_t + g1])
    hessian_ab = np.array([[h_ones.sum(), -h_t.sum()], [-h_t.sum(), t @ h_t]])
    gradient_ab = np.array([-g1.sum(), g1 @ t])
    solved = solveh_banded(banded, np.column_stack([gradient_t, across]))
    follow_gradient, follow_ab = solved[:, 0], solved[:, 1:]
    left = hessian_ab + across.T @ follow_ab
    return gradient_ab + across.T @ follow_gradient, left, follow_gradient, follow_ab, gradient_t


def _newton_step(runs: _Runs, point: _Point) -> tuple[Vector, Vector, float]:
    """Return steps of (a, b) and of the cutoffs, and the gain that they promise."""
    gradient, hessian, follow_gradient, follow_ab, gradient_t = _profile(runs, point)
    curvature = -hessian
    smallest = float(np.linalg.eigvalsh(curvature)[0])
    if smallest <= 1e-8:
        curvature = curvature + (1e-3 * np.trace(np.abs(curvature)) - smallest) * np.eye(2)
    step_ab: Vector = np.linalg.solve(curvature, gradient).astype(np.float64)
    step_cutoffs = follow_gradient + follow_ab @ step_ab
    gain = float(gradient @ step_ab + gradient_t @ follow_gradient)
    return step_ab, step_cutoffs, gain


def _described(runs: _Runs, point: _Point, converged: bool) -> BinormalFit:
    a, b = point.a, point.b
    flags = []
    if not SLOPE_LIMITS[0] < b < SLOPE_LIMITS[1]:
        flags.append(
            Caveat(
                CaveatCode.DEGENERATE_FIT, "The likelihood grows towards a curve with a corner; a and b mean nothing."
            )
        )
    elif not converged:
        flags.append(Caveat(CaveatCode.NOT_CONVERGED, "The likelihood's maximum was not reached."))
    auc = float(ndtr(a / np.sqrt(1 + b**2)))
    value = _log_likelihood(runs, point)
    information = -_profile(runs, point)[1]
    smallest, largest = np.linalg.eigvalsh(information)
    if flags or smallest <= 1e-9 * largest:
        flags = flags or [
            Caveat(CaveatCode.NOT_CONVERGED, "The likelihood is flat; its Hessian gives no standard error.")
        ]
        return BinormalFit(a, b, auc, None, None, None, None, value, len(runs.negatives), tuple(flags))
    covariance = np.linalg.inv(information)
    slope = norm.pdf(a / np.sqrt(1 + b**2)) * np.array([1.0, -a * b / (1 + b**2)]) / np.sqrt(1 + b**2)
    return BinormalFit(
        a=a,
        b=b,
        auc=auc,
        se_a=float(np.sqrt(covariance[0, 0])),
        se_b=float(np.sqrt(covariance[1, 1])),
        covariance=float(covariance[0, 1]),
        se_auc=float(np.sqrt(slope @ covariance @ slope)),
        log_likelihood=value,
        categories=len(runs.negatives),
    )
