"""Chapter 3's episodes as pictures: a swing-up as an animation, and as a strip of frames."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.rl.nets.mlp import Array

HANGING = 10_031  # of the fixed episodes, the one that starts nearest to hanging straight down


ROD = (slice(120, 380), slice(120, 380))  # of Gymnasium's 500 x 500 pixels, those that the rod can reach


def episode_frames(
    policy: Callable[[Array], Array], seed: int, steps: Collection[int] = range(0, 200, 2)
) -> tuple[list[Array], float]:
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
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # no display is needed
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import gymnasium

    env = gymnasium.make("Pendulum-v1", render_mode="rgb_array")
    obs, _ = env.reset(seed=seed)
    frames, earned, step, over = [], 0.0, 0, False
    while not over:
        if step in steps:
            frames.append(np.asarray(env.render()))
        obs, reward, terminated, truncated, _ = env.step(policy(obs[None].astype(np.float64)).sum(axis=1))
        earned, step, over = earned + float(reward), step + 1, terminated or truncated
    env.close()
    return frames, earned


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

    frames, earned = episode_frames(policy, seed)
    pictures = [Image.fromarray(f[ROD]).resize((240, 240)).quantize(32) for f in frames]
    gif = io.BytesIO()
    pictures[0].save(gif, format="GIF", save_all=True, append_images=pictures[1:], duration=100, loop=0)
    words = f"One episode of Pendulum, seed {seed}: the actor's rod swings up and stands. Return {earned:.0f}."
    data = base64.b64encode(gif.getvalue()).decode()
    return HTML(
        f'<figure><img alt="{words}" src="data:image/gif;base64,{data}"/><figcaption>{words}</figcaption></figure>'
    )


def episode_strip(policy: Callable[[Array], Array], seed: int = HANGING, pictures: int = 8) -> LessonFigure:
    """Draw an episode as a row of still pictures, for paper and for those who switch animations off.

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
    frames, earned = episode_frames(policy, seed, at)
    with palette.lesson_style():
        fig, panels = new_panels(1, pictures, (9.0, 1.5))
        for axes, step, frame in zip(panels, at, frames, strict=True):
            axes.imshow(frame[ROD])
            axes.set_title(f"step {step}", fontsize=8)
            axes.axis("off")
    return fig.described(f"Eight pictures of one episode from step 0 to 100, seed {seed}; its return is {earned:.0f}.")
