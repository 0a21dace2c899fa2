"""Chapter 5, where gradients go next: four exercises on policy gradients, SAC, PPO and TD3, in the lesson's order.

A kernel that is being graded sees this file and ``adapters.py`` alone.
"""

from __future__ import annotations

from gradschool.core.exercise import Exercise, in_own_file
from gradschool.exercises.next import adapters

EXERCISES = (
    Exercise(
        "next.two_estimators",
        "Two estimators of one gradient",
        "two_estimators(x, f, slope, mu, sigma) -> score_function (n, 2), reparameterized (n, 2)",
        returns=("score_function", "reparameterized"),
        meaning=(
            "Both columns estimate the same gradient: the score function needs only values of f, and "
            "reparameterization needs its slope and often has less variance."
        ),
    ),
    Exercise(
        "next.sac_gradient",
        "SAC's two paths",
        "sac_gradient(mu, log_std, eps, dq_da, alpha) -> log_prob (B,), grad_mu (B, A), grad_log_std (B, A)",
        returns=("log_prob", "grad_mu", "grad_log_std"),
        meaning=(
            "SAC's actor gets its gradient on two paths, through the action that the critic receives and through "
            "the log-probability itself, and both must arrive."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "next.ppo_gradient",
        "PPO's clipped surrogate",
        "ppo_gradient(log_prob, old_log_prob, advantage, clip) -> (B,)",
        meaning=(
            "A row's gradient is -ratio times its advantage over B, and exactly 0 where the clip stops it: such a "
            "row has moved far enough in its own direction."
        ),
        otherwise=in_own_file,
    ),
    Exercise(
        "next.td3_losses",
        "TD3: which loss reaches which network",
        "td3_losses(actor, critic_1, critic_2, batch, y) -> critic_loss, actor_loss",
        adapter=adapters.td3_losses,
        needs_torch=True,
        earning=("critic_loss", "actor_loss", "critic_1_gradient", "critic_2_gradient", "actor_gradient"),
        squared_error_in=("critic_1_gradient", "critic_2_gradient"),
        meaning=(
            "The critics' loss reaches both critics and no actor; the actor's loss goes through the first critic alone."
        ),
        otherwise=in_own_file,
    ),
)
