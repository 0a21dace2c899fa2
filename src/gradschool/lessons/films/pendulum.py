"""Chapter 3's training as a film: critic surface, actor's curve and pendulum together, and a sick agent beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradschool.lessons.figures import palette
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.lessons.live_figures.show import LiveFigure
from gradschool.rl.ddpg.agent import ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.ddpg.training import Run, train
from gradschool.rl.envs.pendulum import MAX_TORQUE, angles_from_hanging, observe
from gradschool.rl.nets.mlp import Array

FRAMES = 32
ANGLES = np.linspace(-np.pi, np.pi, 33)
TORQUES = np.linspace(-MAX_TORQUE, MAX_TORQUE, 11)
EPISODE = 121  # steps of the episode that is shown, the start included; it begins hanging
KEPT = 4  # of which every so many-th is kept


def record(functions: StudentFunctions, settings: Settings, seed: int) -> tuple[Run, list[dict[str, Any]]]:
    """Train one agent and keep what it is at `FRAMES` moments.

    Parameters
    ----------
    functions
        The student's functions.
    settings
        The switches of the run; how often it is evaluated is changed.
    seed
        Everything random comes from it.

    Returns
    -------
    run : Run
        The trained agent and its learning curve.
    frames : list of dict
        Env steps, mean return, Q minus its mean over the torques (angles, torques), the actor's torque at every angle,
        and the pendulum's angles in an episode that begins hanging.
    """
    frames: list[dict[str, Any]] = []

    def keep(run: Run, share: float) -> None:
        if len(run.mean_return) > len(frames):
            frames.append({"steps": run.env_steps[-1], "mean_return": run.mean_return[-1], **snapshot(run.agent)})

    every = max(settings.n_envs, settings.env_steps // FRAMES)
    run = train(lambda s, rng: ReferenceAgent(functions, s, rng), replace(settings, evaluate_every=every), seed, keep)
    return run, frames


def snapshot(agent: Any) -> dict[str, Array]:
    """Return an agent's critic, actor and episode, at speed 0 where there is a choice.

    Parameters
    ----------
    agent
        With ``act``, ``critic`` and ``settings.reward_scale``.
    """
    angle, torque = (grid.ravel() for grid in np.meshgrid(ANGLES, TORQUES, indexing="ij"))
    obs = observe(angle, np.zeros_like(angle))
    q = agent.critic(np.concatenate([obs, torque[:, None]], axis=1))[:, 0] / agent.settings.reward_scale
    surface = q.reshape(len(ANGLES), len(TORQUES))
    own = agent.act(observe(ANGLES, np.zeros_like(ANGLES))).sum(axis=1)
    return {
        "tilt": (surface - surface.mean(axis=1, keepdims=True)).round(1),
        "own": own.round(2),
        "episode": angles_from_hanging(agent.act, EPISODE)[::KEPT].round(2),
    }


def film_data(healthy: list[dict[str, Any]], sick: list[dict[str, Any]], sickness: str) -> dict[str, Any]:
    """Put both runs together, frame by frame, with a sentence for each.

    Parameters
    ----------
    healthy, sick
        Frames of two runs on the same seed.
    sickness
        What is wrong with the second, in a few words.

    Returns
    -------
    dict
        The data of the figure "pendulum_film".
    """
    reach = float(np.quantile(np.abs([frame["tilt"] for frame in healthy]), 0.97))
    return {
        "angles": ANGLES.round(3),
        "torques": TORQUES.round(2),
        "seconds": [round(0.05 * KEPT * k, 2) for k in range(len(healthy[0]["episode"]))],
        "reach": reach,
        "sickness": sickness,
        "agents": [
            [{**frame, "mean_return": round(frame["mean_return"])} for frame in frames] for frames in (healthy, sick)
        ],
        "words": [_words(well, ill, sickness) for well, ill in zip(healthy, sick, strict=True)],
    }


def _words(well: dict[str, Any], ill: dict[str, Any], sickness: str) -> str:
    return (
        f"After {well['steps']:,} steps the healthy agent {_does(well)}; "
        f"the one with {sickness}, on the same seed, {_does(ill)}."
    )


def _does(frame: dict[str, Any]) -> str:
    upright = np.cos(frame["episode"]) > 0.95
    if upright[-5:].all():
        ends = f"swings up in {0.05 * KEPT * int(np.argmax(upright)):.1f} s and stays"
    else:
        ends = "reaches the top and falls" if upright.any() else "never reaches the top"
    earned = f"{frame['mean_return']:.0f}".replace("-", "−")
    return f"earns {earned} on average and {ends}"


def film_pendulum(
    functions: StudentFunctions,
    settings: Settings | None = None,
    seed: int = 3,
    sick: Settings | None = None,
    sickness: str = "no target networks",
) -> LiveFigure:
    """Train two agents on the student's functions and one seed, and make the film of both.

    Parameters
    ----------
    functions
        The student's functions.
    settings
        The switches of the healthy run.
    seed
        Of both runs.
    sick
        The switches of the other run; by default the same without target networks (tau = 1).
    sickness
        What is wrong with it, in a few words.

    Returns
    -------
    LiveFigure
        Its still picture shows both learning curves and three surfaces of the healthy run.
    """
    settings = settings or Settings()
    sick = replace(settings, tau=1.0) if sick is None else sick
    with np.errstate(over="ignore", invalid="ignore"):
        (_, healthy), (_, ill) = (record(functions, s, seed) for s in (settings, sick))
    data = film_data(healthy, ill, sickness)
    return LiveFigure("pendulum_film", data, _still(data))


def _still(data: dict[str, Any]) -> LessonFigure:
    healthy, sick = data["agents"]
    shown = [int(k) for k in np.linspace(0, len(healthy) - 1, 3)]
    with palette.lesson_style():
        fig, (curve, *surfaces) = new_panels(1, 1 + len(shown), (9.0, 2.8))
        for frames, name in ((healthy, "healthy"), (sick, data["sickness"])):
            curve.plot([f["steps"] for f in frames], [f["mean_return"] for f in frames], label=name)
        curve.set(xlabel="steps", title="mean return")
        curve.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2))  # below: it covers no curve
        for axes, k in zip(surfaces, shown, strict=True):
            tilt = np.transpose(healthy[k]["tilt"])
            limits = {"vmin": -data["reach"], "vmax": data["reach"]}
            axes.pcolormesh(
                data["angles"], data["torques"], tilt, cmap="cividis", shading="gouraud", rasterized=True, **limits
            )
            axes.plot(data["angles"], healthy[k]["own"], color=palette.TAKEN, lw=2)
            axes.set(title=f"step {healthy[k]['steps']}", xlabel="angle", yticks=[-2, 0, 2])
    return fig.described(" ".join(data["words"][k] for k in shown))
