"""Chapter 3's episodes as pictures: a swing-up as an animation, and as a strip of frames."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.lessons.figures.themed_svg import SCHEME_OF_PAGE
from gradschool.rl.nets.mlp import Array

HANGING = 10_031  # of the fixed episodes, the one that starts nearest to hanging straight down


MEAN_NOTE = "; this start is the lowest of the 100 fixed episodes, and their mean is another number"
UPRIGHT, LAST = 0.95, 50  # how high the tip of a rod that stands is, and for how many steps at the end
ROD = (slice(120, 380), slice(120, 380))  # of Gymnasium's 500 x 500 pixels, those that the rod can reach


def episode_frames(
    policy: Callable[[Array], Array], seed: int, steps: Collection[int] = range(0, 200, 2)
) -> tuple[list[Array], float, list[float]]:
    """Drive one episode in Gymnasium's own Pendulum-v1, drawn by Gymnasium's own renderer.

    Parameters
    ----------
    policy
        Observations (1, 3) -> torques (1, A).
    seed
        Resets the environment.
    steps
        The steps of which a picture is kept.

    Returns
    -------
    frames : list of ndarray
        (500, 500, 3) each.
    earned : float
        What the episode earned, undiscounted.
    heights : list of float
        The height of the rod's tip before each step: 1 upright, -1 hanging.
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # no display is needed
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import gymnasium

    env = gymnasium.make("Pendulum-v1", render_mode="rgb_array")
    obs, _ = env.reset(seed=seed)
    frames, heights, earned, step, over = [], [], 0.0, 0, False
    while not over:
        heights.append(float(obs[0]))
        if step in steps:
            frames.append(np.asarray(env.render()))
        obs, reward, terminated, truncated, _ = env.step(policy(obs[None].astype(np.float64)).sum(axis=1))
        earned, step, over = earned + float(reward), step + 1, terminated or truncated
    env.close()
    return frames, earned, heights


def _ending(heights: Sequence[float]) -> str:
    """Say how the episode ends: only a rod that is upright in each of the last steps has stayed so."""
    if min(heights[-LAST:]) > UPRIGHT:
        first = next(k for k in range(len(heights)) if min(heights[k:]) > UPRIGHT)
        return f"the pendulum swings up and stays upright from step {first} on"
    return "the pendulum does not stay upright"


def swing_up(policy: Callable[[Array], Array], seed: int = HANGING) -> Any:
    """Show an episode as an animated GIF inside HTML, with its words.

    Parameters
    ----------
    policy
        Observations (1, 3) -> torques (1, A).
    seed
        Resets Gymnasium's environment.
    """
    from IPython.display import HTML
    from PIL import Image

    frames, earned, heights = episode_frames(policy, seed)
    pictures = [Image.fromarray(f[ROD]).resize((240, 240)).quantize(32) for f in frames]
    gif = io.BytesIO()
    pictures[0].save(gif, format="GIF", save_all=True, append_images=pictures[1:], duration=100, loop=0)
    note = MEAN_NOTE if seed == HANGING else ""
    words = f"One episode of Pendulum, seed {seed}: {_ending(heights)}. Return {earned:.0f}{note}."
    data = base64.b64encode(gif.getvalue()).decode()
    picture = f'<img alt="{words}" class="drawn-on-white" width="240" height="240" src="data:image/gif;base64,{data}">'
    return HTML(f"<figure>{picture}<figcaption>{words}</figcaption></figure><style>{SCHEME_OF_PAGE}</style>")


def episode_strip(policy: Callable[[Array], Array], seed: int = HANGING, pictures: int = 8) -> LessonFigure:
    """Draw an episode as a row of still pictures, for print and for readers who switch animations off.

    Parameters
    ----------
    policy
        Observations (1, 3) -> torques (1, A).
    seed
        Resets Gymnasium's environment.
    pictures
        How many.
    """
    at = [int(step) for step in np.linspace(0, 100, pictures)]
    frames, earned, _ = episode_frames(policy, seed, at)
    with palette.lesson_style():
        fig, panels = new_panels(1, pictures, (9.0, 1.5))
        fig.on_white = True
        for axes, step, frame in zip(panels, at, frames, strict=True):
            axes.imshow(frame[ROD])
            axes.set_title(f"step {step}", fontsize=8)
            axes.axis("off")
    return fig.described(f"Eight pictures of one episode from step 0 to 100, seed {seed}; its return is {earned:.0f}.")
