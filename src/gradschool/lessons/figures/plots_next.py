"""Figures of chapter 5: each takes data and returns a LessonFigure with its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels

Array = np.ndarray


def estimates(samples: Mapping[str, Array], right: float, offsets: Array, spreads: Mapping[str, Array]) -> LessonFigure:
    """Draw per-sample estimates of one gradient, and their standard deviation when a constant is added to f.

    Parameters
    ----------
    samples
        The estimator's name -> one estimate for each sample (n,).
    right
        The exact gradient.
    offsets
        Constants that were added to f (k,).
    spreads
        The estimator's name -> the standard deviation of an estimate at each constant (k,).
    """
    reach = np.quantile(np.abs(np.concatenate(list(samples.values()))), 0.99)
    bins, words = np.linspace(-reach, reach, 61), []
    with palette.lesson_style():
        fig, (left, middle) = new_panels(1, 2, (9.0, 3.6))
        for (name, values), color, line in zip(samples.items(), palette.SEQUENCE, palette.LINES, strict=False):
            left.hist(values, bins=bins, histtype="step", color=color, ls=line, lw=1.8, density=True)
            left.plot([], [], color=color, ls=line, label=name)  # the legend's line: a histogram would show a box
            words.append(f"{name}: mean {values.mean():+.3f}, standard deviation {values.std():.3f}")
        left.axvline(right, color=palette.INK, lw=1.2)
        left.set(xlabel="estimate from one sample", ylabel="density", title="The vertical line is the exact gradient")
        left.legend(fontsize=9)
        for (name, values), color, line in zip(spreads.items(), palette.SEQUENCE, palette.LINES, strict=False):
            middle.plot(offsets, values, color=color, ls=line, lw=1.8, label=name)
        middle.set(xlabel="constant added to f", ylabel="standard deviation", ylim=(0, None))
        middle.set_title("The same gradient, a larger f")
        middle.legend(fontsize=9)
    growth = "; ".join(f"{name} between {s.min():.2f} and {s.max():.2f}" for name, s in spreads.items())
    return fig.described(
        f"Left: histograms of the estimates of single samples around the exact gradient, {right:+.3f}. "
        f"{'; '.join(words)}. Right: the standard deviation of one estimate while a constant from {offsets[0]:g} to "
        f"{offsets[-1]:g} is added to f: {growth}."
    )


def descent(paths: Mapping[str, Array], best: float) -> LessonFigure:
    """Draw the mean of a Gaussian while it is moved by gradient steps, over many seeds.

    Parameters
    ----------
    paths
        The estimator's name -> the mean after each step (seeds, steps).
    best
        Where it should end.
    """
    words = []
    with palette.lesson_style():
        fig, axes = new_panels(1, 1, (7.0, 3.4))
        for (name, mu), color, line in zip(paths.items(), palette.SEQUENCE, palette.LINES, strict=False):
            axes.fill_between(range(mu.shape[1]), mu.min(axis=0), mu.max(axis=0), color=color, alpha=0.2, lw=0)
            axes.plot(np.median(mu, axis=0), color=color, ls=line, lw=1.8, label=name)
            words.append(f"{name} from {mu[:, -1].min():.2f} to {mu[:, -1].max():.2f}")
        axes.axhline(best, color=palette.INK, lw=1, ls=":")
        axes.set(xlabel="gradient step", ylabel="mean of the Gaussian", title="Median and range of all seeds")
        axes.legend(fontsize=9)
    return fig.described(
        f"The mean of the Gaussian over {mu.shape[1]} gradient steps, median and full range of {len(mu)} seeds. A "
        f"dotted line marks the best mean, {best:g}. After the last step: {'; '.join(words)}."
    )


def clipped_surrogate(
    ratio: Array, terms: Mapping[str, Array], slopes: Mapping[str, Array], clip: float
) -> LessonFigure:
    """Draw PPO's surrogate over the ratio and, below it, the gradient of one row of the loss.

    Parameters
    ----------
    ratio
        Probability ratios (k,).
    terms
        The sign of the advantage in words -> min(r A, clip(r) A) at each ratio (k,).
    slopes
        The same -> the gradient of one row's loss in the log-probability (k,).
    clip
        The clip range: 1 - clip to 1 + clip is shaded.
    """
    words = []
    with palette.lesson_style():
        fig, panels = new_panels(2, len(terms), (9.0, 4.6), sharex=True, squeeze=False)
        for column, (name, color) in enumerate(zip(terms, palette.SEQUENCE, strict=False)):
            above, below = panels[0, column], panels[1, column]
            above.plot(ratio, terms[name], color=color, lw=1.8)
            below.plot(ratio, slopes[name], color=color, lw=1.8)
            for axes in (above, below):
                axes.axvspan(1 - clip, 1 + clip, color=palette.INK, alpha=0.15, lw=0)
                axes.axhline(0, color=palette.INK, lw=0.8, ls=":")
            above.set(title=name, ylabel="surrogate of one row")
            below.set(xlabel="ratio r", ylabel="gradient of its loss")
            zero = ratio[slopes[name] == 0]
            words.append(f"{name}: exactly 0 for ratios from {zero.min():.2f} to {zero.max():.2f}")
    return fig.described(
        f"Above: PPO's surrogate of one row over the probability ratio, from {ratio[0]:g} to {ratio[-1]:g}; the range "
        f"{1 - clip:g} to {1 + clip:g} is shaded. Below: the gradient of this row's loss in the log-probability. "
        f"{'; '.join(words)}; elsewhere it is not 0."
    )


def epochs(shares: Mapping[str, Sequence[float]], ratios: Sequence[Array], clip: float) -> LessonFigure:
    """Draw, for each epoch over one batch, how many rows have no gradient, and how the ratios spread.

    Parameters
    ----------
    shares
        What is counted -> the share of the rows after each epoch, 0 to 1.
    ratios
        The ratios of all rows after each epoch.
    clip
        The clip range.
    """
    with palette.lesson_style():
        fig, (left, right) = new_panels(1, 2, (9.0, 3.4))
        for (name, share), color, line in zip(shares.items(), palette.SEQUENCE, palette.LINES, strict=False):
            left.plot(100 * np.array(share), color=color, ls=line, lw=1.8, label=name)
        left.set(xlabel="epoch over one batch", ylabel="rows in %", title="Rows beyond the range, and rows at rest")
        left.legend(fontsize=9)
        low, middle, high = (np.array([np.quantile(r, q) for r in ratios]) for q in (0.05, 0.5, 0.95))
        right.fill_between(range(len(ratios)), low, high, color=palette.RIGHT, alpha=0.25, lw=0)
        right.plot(middle, color=palette.RIGHT, lw=1.8)
        for bound in (1 - clip, 1 + clip):
            right.axhline(bound, color=palette.INK, lw=1, ls=":")
        right.set(xlabel="epoch over one batch", ylabel="ratio r", title="Median and middle 90 % of the ratios")
    last = ", ".join(f"{name} {100 * share[-1]:.0f} %" for name, share in shares.items())
    return fig.described(
        f"Left: shares of the rows over {len(ratios)} epochs; in the last one {last}. Right: the middle 90 percent of "
        f"the ratios widens, in the last epoch to {low[-1]:.2f} up to {high[-1]:.2f}; dotted lines mark "
        f"{1 - clip:g} and {1 + clip:g}."
    )
