"""Fits the coefficients of `core/codegen/coefficients.ts` and `vector_math.ts`: minimax polynomials and one rational function.

Run it with Python 3 and NumPy; it prints each set of coefficients, rounded to single precision, with the
largest relative error of the fit. The method is Lawson's: weighted least squares on Chebyshev points, the
weights multiplied by the error again and again, which converges to the minimax fit.
"""

import numpy as np

POINTS = 4000
ROUNDS = 400


def chebyshev(low, high):
    angles = (np.arange(POINTS) + 0.5) * np.pi / POINTS
    return (low + high) / 2 + (high - low) / 2 * np.cos(angles)


def lawson(columns, target, scale):
    """Minimises max |columns @ c - target| * scale."""
    weights = np.ones(len(target)) / len(target)
    best, least = None, np.inf
    for _ in range(ROUNDS):
        root = np.sqrt(weights) * scale
        c = np.linalg.lstsq(columns * root[:, None], target * root, rcond=None)[0]
        error = np.abs(columns @ c - target) * scale
        if error.max() < least:
            best, least = c, error.max()
        weights = weights * (error / error.max() + 1e-3)
        weights /= weights.sum()
    return best, least


def show(name, coefficients, error, double=False):
    print(f"{name}: relative error {error:.2e} = 2^{np.log2(error):.1f}")
    for c in coefficients:
        print("   ", repr(float(c if double else np.float32(c))))


def powers(x, count):
    return np.stack([x**i for i in range(count)], axis=1)


def fit_exp(terms):
    """exp(r) = 1 + r + r^2 q(r) for |r| <= ln 2 / 2."""
    r = chebyshev(-np.log(2) / 2, np.log(2) / 2)
    r = r[np.abs(r) > 1e-3]
    q, error = lawson(powers(r, terms), (np.expm1(r) - r) / r**2, r**2 / np.exp(r))
    show(f"exp, {terms} terms", q, error)


def fit_log(terms):
    """log(1 + f) = f - f^2 / 2 + f^3 p(f) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1."""
    f = chebyshev(np.sqrt(0.5) - 1, np.sqrt(2) - 1)
    f = f[np.abs(f) > 1e-2]
    exact = np.log1p(f)
    p, error = lawson(powers(f, terms), (exact - f + f**2 / 2) / f**3, np.abs(f**3 / exact))
    show(f"log, {terms} terms", p, error)


def fit_sin(terms):
    """sin(r) = r + r^3 s(r^2) for |r| <= pi / 4."""
    r = chebyshev(1e-2, np.pi / 4)
    s, error = lawson(powers(r**2, terms), (np.sin(r) - r) / r**3, r**3 / np.sin(r))
    show(f"sin, {terms} terms", s, error)


def fit_cos(terms):
    """cos(r) = 1 - r^2 / 2 + r^4 c(r^2) for |r| <= pi / 4."""
    r = chebyshev(5e-2, np.pi / 4)
    c, error = lawson(powers(r**2, terms), (np.cos(r) - 1 + r**2 / 2) / r**4, r**4 / np.cos(r))
    show(f"cos, {terms} terms", c, error)


def fit_log2(terms):
    """log2(m) = s p(s^2), s = (m - 1) / (m + 1), for sqrt(1/2) <= m <= sqrt(2). In double precision."""
    s = chebyshev(1e-3, 3 - 2 * np.sqrt(2))
    p, error = lawson(powers(s**2, terms), 2 * np.arctanh(s) / np.log(2) / s, s / (2 * np.arctanh(s) / np.log(2)))
    show(f"log2, {terms} terms", p, error, double=True)


def fit_exp2(terms):
    """2^f for |f| <= 1/2. In double precision."""
    f = chebyshev(-0.5, 0.5)
    p, error = lawson(powers(f, terms), np.exp2(f), np.exp2(-f))
    show(f"exp2, {terms} terms", p, error, double=True)


if __name__ == "__main__":
    fit_exp(4)
    fit_exp(5)
    fit_log(8)
    fit_sin(3)
    fit_cos(3)
    fit_log2(6)
    fit_exp2(8)
