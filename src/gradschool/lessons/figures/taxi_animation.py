"""The taxi driving home, drawn by Gymnasium's own renderer without a display, as an animation for a notebook."""

from __future__ import annotations

import base64
import html
import io
import os
from dataclasses import dataclass

import numpy as np

from gradschool.rl.envs.taxi import Ints, describe, make_env


@dataclass(frozen=True)
class Animation:
    """Frames (n, height, width, 3) uint8, and what they show in words. Shows itself in a notebook."""

    frames: np.ndarray
    words: str

    def gif(self, milliseconds: int = 350) -> bytes:
        """Return the frames as an animated GIF that rests on its last picture for a while and begins again."""
        from PIL import Image

        pictures = [Image.fromarray(frame).quantize(64) for frame in self.frames]
        out = io.BytesIO()
        times = [milliseconds] * (len(pictures) - 1) + [5 * milliseconds]
        pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=times, loop=0)
        return out.getvalue()

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.gif()).decode()
        words = html.escape(self.words, quote=True)
        return f'<img alt="{words}" title="{words}" width="360" src="data:image/gif;base64,{data}">'

    def __repr__(self) -> str:
        return self.words


def drive(policy: Ints, start: int, most: int = 60) -> Animation:
    """Drive from a start with a greedy policy in Gymnasium's Taxi, and keep the pictures.

    Parameters
    ----------
    policy
        The action (S,) in each state.
    start
        The id of the state to start in.
    most
        The largest number of steps.

    Returns
    -------
    Animation
        One frame for each step, the start included.
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pygame draws on a surface of its own
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    env = make_env(render_mode="rgb_array")
    env.reset(seed=0)
    env.unwrapped.s = int(start)
    state, frames, total = int(start), [env.render()], 0.0
    for _ in range(most):
        state, reward, terminated, truncated, _ = env.step(int(policy[state]))
        frames.append(env.render())
        total += float(reward)
        if terminated or truncated:
            break
    env.close()
    end = "brings the passenger home" if terminated else "is still on its way"
    words = f"{describe(start)}. After {len(frames) - 1} steps the taxi {end}, with a return of {total:.0f}."
    return Animation(np.stack(frames), words[0].upper() + words[1:])
