"""The taxi driving home, drawn by Gymnasium's own renderer without a display, as an animation for a notebook."""

from __future__ import annotations

import base64
import html
import io
import os
from dataclasses import dataclass

import numpy as np

from gradschool.core.interactive import OWN_KEYS
from gradschool.rl.envs.taxi import Ints, describe, make_env

BAND = 44  # pixels below each frame, for the step and the return


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
        film = f'<img alt="{words}" width="360" src="data:image/gif;base64,{data}">'
        summary = f'<summary {OWN_KEYS} style="cursor:pointer">The drive as a film: close it to stop</summary>'
        return f"<details open>{summary}{film}</details><div>{html.escape(self.words)}</div>"

    def __repr__(self) -> str:
        return self.words


def _captioned(frame: np.ndarray, step: int, total: float) -> np.ndarray:
    """Write the step and the return so far below a frame."""
    from PIL import Image, ImageDraw, ImageFont

    height, width, _ = frame.shape
    picture = Image.new("RGB", (width, height + BAND), "#111111")
    picture.paste(Image.fromarray(frame))
    font = ImageFont.load_default(0.6 * BAND)
    ImageDraw.Draw(picture).text((12, height + 0.15 * BAND), f"step {step}   return {total:+.0f}", "#FFFFFF", font)
    return np.asarray(picture)


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
    state, frames, total = int(start), [_captioned(env.render(), 0, 0.0)], 0.0
    for step in range(1, most + 1):
        state, reward, terminated, truncated, _ = env.step(int(policy[state]))
        total += float(reward)
        frames.append(_captioned(env.render(), step, total))
        if terminated or truncated:
            break
    env.close()
    end = "delivers the passenger" if terminated else "is still driving"
    words = f"{describe(start)}. After {len(frames) - 1} steps the taxi {end}, with a return of {total:.0f}."
    return Animation(np.stack(frames), words[0].upper() + words[1:])
