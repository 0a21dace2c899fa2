"""DRLinter's 15 mutants of a CartPole DQN (Nikanjam et al. 2021, arXiv 2101.00135; drlinter/drlinter, buggy-clones)."""

from __future__ import annotations

from bench.examiner.cartpole import examine_script
from bench.examiner.rows import Row

SUITE = "DRLinter"
RIGHT = examine_script()
EXPLORATION = "exploration is not examined"
CHOICE = "how an action is chosen is not examined"
RESET = "resetting and closing the environment is not examined"


def row(name: str, wrong: str, file: str, codes: tuple[str, ...] = (), *, reads: str = "", outside: str = "") -> Row:
    """A mutant beside the clean script."""
    return Row(SUITE, name, wrong, examine_script(name), RIGHT, codes, reads, outside, f"DQN_{file}.py")


DRLINTER = (
    row("no reset or close", "env.close() left out", "Missing_close_reset_environment", outside=RESET),
    row("no exploration", "always the greedy action", "Missing_exploration", outside=EXPLORATION),
    row("no stepping 1", "env.reset() after an episode left out", "Missing_stepping_the_environment", outside=RESET),
    row("no stepping 2", "env.step() left out", "Missing_stepping_the_environment_2"),
    row(
        "no terminal state",
        "the terminal reward of -200 left out",
        "Missing_terminal_state",
        outside="a reward is not judged; of the clean script the report says: reward replaced at the end",
    ),
    row("exploration rate 1", "epsilon does not decay", "Suboptimal_exploration_rate", outside=EXPLORATION),
    row("exploration rate 2", "epsilon grows", "Suboptimal_exploration_rate_2", outside=EXPLORATION),
    row(
        "update frequency",
        "the target is copied every 2 steps instead of 25",
        "Suboptimal_network_update_frequency",
        reads=r"a copy(?= of [^,]*$)|first seen after \d updates?(?= without)",
    ),
    row("output activation 1", "ReLU at the end of Q", "Wrong_activation_output", ("output-bounded",)),
    row("output activation 2", "softmax at the end of Q", "Wrong_activation_output_2", ("output-bounded",)),
    row("no initialization", "the environment is never made", "Wrong_initialization_missing"),
    row(
        "network update 1",
        "the online network is overwritten with the target",
        "Wrong_network_update",
        ("online-overwritten",),
    ),
    row("network update 2", "the target is never copied", "Wrong_network_update_2", ("target-never",)),
    row("wrong output", "max Q itself taken as the action", "Wrong_output", outside=CHOICE),
    row("update rule", "gamma (r - max Q) instead of r + gamma max Q", "Wrong_update_rule", ("bootstrap-sign",)),
)
