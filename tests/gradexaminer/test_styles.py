"""Re-created styles of public code: right variants are not accused, and faults in them are named; three seeds each."""

from __future__ import annotations

from functools import partial
from types import ModuleType

import pytest

from gradexaminer import Report, examine
from tests.gradexaminer import sources, styles, styles_more, styles_sac, styles_values
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)


def examine_images(module: ModuleType, seed: int, shape: tuple[int, int, int]) -> Report:
    seed_all(seed)
    return examine(
        lambda: module.Agent(5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
        obs=shape,
        image=True,
        seed=seed,
    )


CHANNELS_FIRST, CHANNELS_LAST = (partial(examine_images, shape=shape) for shape in ((4, 44, 44), (44, 44, 4)))
GROUPS = [
    ("rows", sources.DQN, styles.ROWS_RIGHT, styles.ROWS_FAULTS, examine_dqn),
    ("images", sources.DQN, styles.IMAGES_RIGHT, styles.IMAGES_FAULTS, CHANNELS_FIRST),
    ("images", sources.DQN, styles.CHANNELS_LAST_RIGHT, {}, CHANNELS_LAST),
    ("steps", sources.DQN, styles_values.N_STEP_RIGHT, styles_values.N_STEP_FAULTS, examine_dqn),
    ("priorities", sources.DQN, styles_values.PRIORITIES_RIGHT, styles_values.PRIORITIES_FAULTS, examine_dqn),
    ("layers", sources.DQN, styles_values.LAYERS_RIGHT, styles_values.LAYERS_FAULTS, examine_dqn),
    ("temperature", sources.SAC, styles_sac.TEMPERATURE_RIGHT, styles_sac.TEMPERATURE_FAULTS, examine_continuous),
    ("heads", sources.DQN, styles_more.HEADS_RIGHT, styles_more.HEADS_FAULTS, examine_dqn),
    ("manner", sources.DQN, styles_more.MANNER_RIGHT, styles_more.MANNER_FAULTS, examine_dqn),
    ("NAF", styles_more.NAF, styles_more.NAF_RIGHT, styles_more.NAF_FAULTS, examine_continuous),
    ("encoder", sources.SAC, styles_more.ENCODER_RIGHT, styles_more.ENCODER_FAULTS, examine_continuous),
    ("discrete SAC", styles_sac.DISCRETE_SAC, styles_sac.DISCRETE_RIGHT, styles_sac.DISCRETE_FAULTS, examine_dqn),
]
RIGHT = [(group, base, name, x, run) for group, base, right, _, run in GROUPS for name, x in right.items()]
WRONG = [(group, base, name, *x, run) for group, base, _, wrong, run in GROUPS for name, x in wrong.items()]


@pytest.mark.parametrize(("group", "base", "name", "changes", "run"), RIGHT, ids=[f"{x[0]}: {x[2]}" for x in RIGHT])
def test_a_right_agent_is_not_accused(group, base, name, changes, run, load):
    module = load(changed(base, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert any("label of" in text for text in report.conventions), str(report)


@pytest.mark.parametrize(
    ("group", "base", "name", "code", "changes", "run"), WRONG, ids=[f"{x[0]}: {x[2]}" for x in WRONG]
)
def test_a_fault_is_named_and_nothing_else(group, base, name, code, changes, run, load):
    module = load(changed(base, changes))
    for seed in SEEDS:
        report = run(module, seed)
        assert report.codes == set(code.split()), str(report)
