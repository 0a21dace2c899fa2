"""Chapter 2, the private half: every entry in the lesson's order."""

from grader.bank.ill_conditioned import with_ill_conditioned
from grader.exercises.dqn_encoding import epsilon_greedy, one_hot, q_values
from grader.exercises.dqn_fit import fit_gradient, fit_targets
from grader.exercises.dqn_flow import torch_loss
from grader.exercises.dqn_gradients import output_gradient, weight_gradient
from grader.exercises.dqn_remedies import clinic, huber_gradient, mend
from grader.exercises.dqn_table import tabular_step
from grader.exercises.dqn_targets import double_target, td_target
from grader.exercises.dqn_td import residual_gradient, semi_gradient

ENTRIES = with_ill_conditioned(
    (
        one_hot,
        q_values,
        epsilon_greedy,
        td_target,
        output_gradient,
        weight_gradient,
        fit_targets,
        fit_gradient,
        torch_loss,
        semi_gradient,
        residual_gradient,
        tabular_step,
        double_target,
        huber_gradient,
        clinic,
        mend,
    )
)
