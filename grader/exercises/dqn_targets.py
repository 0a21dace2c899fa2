"""References, mistakes and other right ways: the encoding, acting, and the targets."""

from __future__ import annotations

import numpy as np
import torch

from grader.bank import entry

one_hot = entry("dqn.one_hot", points=1, reference=lambda s, n_states: np.eye(n_states)[s])


@one_hot.mutant("transposed", "One column per sample: a batch stands in rows, so the shape is (B, n_states).")
def one_hot_transposed(s, n_states):
    return np.eye(n_states)[:, s]


@one_hot.mutant(
    "state-as-number",
    "The id stands in the row as a number. Is state 400 twice state 200? An id is a name: put a 1 at its place.",
    "b16",
)
def state_as_number(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = s
    return x


@one_hot.mutant("one-based", "The 1 stands one place too far: states count from 0.")
def one_based(s, n_states):
    return np.eye(n_states)[(s + 1) % n_states]


@one_hot.mutant(
    "every-row-every-state",
    "Each row has a 1 for every state of the whole batch: x[:, s] means all rows. One entry per row: which index picks "
    "the row?",
    "b12",
)
def every_row_every_state(s, n_states):
    x = np.zeros((len(s), n_states))
    x[:, s] = 1.0
    return x


@one_hot.alternative
def by_comparison(s, n_states):
    return (s[:, None] == np.arange(n_states)).astype(float)


@one_hot.alternative
def by_assignment(s, n_states):
    x = np.zeros((len(s), n_states))
    x[np.arange(len(s)), s] = 1.0
    return x


q_values = entry("dqn.q_values", points=1, reference=lambda W, s: W[s])


@q_values.mutant(
    "columns", "W is read down its columns, as if it were (A, S). Row s of W (S, A) holds the A outputs of state s."
)
def q_columns(W, s):
    return np.stack([W.T.ravel()[i * W.shape[1] : (i + 1) * W.shape[1]] for i in s])


@q_values.mutant(
    "best-only", "One number per state: the maximum. The network answers for every action; choosing comes later."
)
def best_only(W, s):
    return W[s].max(axis=1)


@q_values.mutant(
    "relu-output", "Negative outputs have become 0: a relu on the output. V* on Taxi is often below 0.", "b15"
)
def relu_output(W, s):
    return np.maximum(W[s], 0.0)


@q_values.mutant(
    "softmax-output",
    "Every row adds up to 1: a softmax turned values into probabilities. Q is measured in rewards.",
    "b15",
)
def softmax_output(W, s):
    e = np.exp(W[s] - W[s].max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@q_values.mutant(
    "state-as-number",
    "All rows are multiples of one row of W: the id was multiplied in as a number. One-hot rows, not ids, meet W.",
    "b16",
)
def q_of_number(W, s):
    return s[:, None] * W[0]


@q_values.alternative
def by_matmul(W, s):
    return np.eye(len(W))[s] @ W


@q_values.alternative
def row_by_row(W, s):
    return np.array([[W[i, a] for a in range(W.shape[1])] for i in s])


def dice(q, epsilon, u, random_action):
    """The random action where the die is below epsilon."""
    return np.where(u < epsilon, random_action, q.argmax(axis=1))


epsilon_greedy = entry("dqn.epsilon_greedy", points=2, reference=dice, tolerance="none")


@epsilon_greedy.mutant("turned-round", "You explore with probability 1 - epsilon. Put in epsilon = 0: who acts then?")
def turned_round(q, epsilon, u, random_action):
    return np.where(u < epsilon, q.argmax(axis=1), random_action)


@epsilon_greedy.mutant(
    "at-zero",
    "With epsilon = 0 a die that shows exactly 0 still explores: u lies in [0, 1), so `u < epsilon` has probability "
    "epsilon, and `u <= epsilon` a little more.",
)
def at_zero(q, epsilon, u, random_action):
    return np.where(u <= epsilon, random_action, q.argmax(axis=1))


@epsilon_greedy.mutant("one-die", "The first die decides for every taxi. Each row has its own u.")
def one_die(q, epsilon, u, random_action):
    return random_action.copy() if u[0] < epsilon else q.argmax(axis=1)


@epsilon_greedy.mutant("always-greedy", "epsilon plays no part: you never explore, and never see the +20.", "b20")
def always_greedy(q, epsilon, u, random_action):
    return q.argmax(axis=1)


@epsilon_greedy.mutant(
    "worst-action", "The greedy branch takes the smallest Q. Rewards are to be gathered: the largest."
)
def worst_action(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.argmin(axis=1))


@epsilon_greedy.mutant("values", "You return the best Q itself, not which action has it. Value or index?", "b4")
def best_value(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.max(axis=1))


@epsilon_greedy.alternative
def one_after_another(q, epsilon, u, random_action):
    return np.array([random_action[i] if u[i] < epsilon else np.argmax(q[i]) for i in range(len(q))])


@epsilon_greedy.alternative
def by_mask(q, epsilon, u, random_action):
    action = q.argmax(axis=1)
    explore = u < epsilon
    action[explore] = random_action[explore]
    return action


def worth_of_a_step(reward, q_next, terminated, truncated, gamma):
    """y = r + gamma (1 - terminated) max_a' Q_target(s', a') (Mnih et al. 2015, eq. 2)."""
    return reward + gamma * (1.0 - terminated) * q_next.max(axis=1)


td_target = entry("dqn.td_target", points=3, reference=worth_of_a_step)


@td_target.mutant(
    "no-terminal-mask",
    "Right except where the episode ended: there you still add gamma max Q. What comes after the end of the world?",
    "b7",
)
def no_mask(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * q_next.max(axis=1)


@td_target.mutant(
    "clock-as-terminal",
    "Rows that were only truncated lost their future. The clock ran out there; did the world end?",
    "b9",
)
def clock_as_terminal(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated | truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "masks-the-clock-alone",
    "You mask truncated and forget terminated. Which of the two flags says that nothing comes after?",
    "b9",
)
def masks_the_clock(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - truncated) * q_next.max(axis=1)


@td_target.mutant(
    "unless-truncated",
    "A row that is terminated *and* truncated bootstraps. Both flags may be set at once; the world ended all the same.",
    "b9",
)
def unless_truncated(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated & ~truncated)) * q_next.max(axis=1)


@td_target.mutant(
    "reward-masked",
    "Terminal rows have the target 0: the mask swallowed the reward as well. The +20 is paid on that very step.",
    "b10",
)
def reward_masked(reward, q_next, terminated, truncated, gamma):
    return (1.0 - terminated) * (reward + gamma * q_next.max(axis=1))


@td_target.mutant(
    "argmax",
    "y - r is gamma times 0, 1, 2, ...: you add the number of the best action. Value or index?",
    "b4",
)
def index_for_value(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.argmax(axis=1)


@td_target.mutant("mean", "You average over the next actions. Q-learning asks for the best of them.")
def mean_over_actions(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.mean(axis=1)


@td_target.mutant(
    "max-over-batch",
    "Every row bootstraps on one and the same number: the maximum over the whole batch. Each row has landed somewhere "
    "of its own: along which axis is the maximum?",
)
def max_over_batch(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next.max()


@td_target.mutant("no-discount", "gamma is missing: the future counts in full.")
def no_discount(reward, q_next, terminated, truncated, gamma):
    return reward + (1.0 - terminated) * q_next.max(axis=1)


@td_target.mutant(
    "column",
    "The target is a column (B, 1). Next to a row (B,) it will broadcast to (B, B). One number per sample: (B,).",
    "b11",
)
def target_column(reward, q_next, terminated, truncated, gamma):
    return (reward + gamma * (1.0 - terminated) * q_next.max(axis=1))[:, None]


@td_target.alternative
def by_where(reward, q_next, terminated, truncated, gamma):
    return np.where(terminated, reward, reward + gamma * np.max(q_next, axis=-1))


@td_target.alternative
def by_loop(reward, q_next, terminated, truncated, gamma):
    y = np.zeros(len(reward))
    for i in range(len(reward)):
        y[i] = reward[i]
        if not terminated[i]:
            y[i] += gamma * max(q_next[i])
    return y


@td_target.alternative
def by_torch(reward, q_next, terminated, truncated, gamma):
    best = torch.as_tensor(q_next).amax(dim=1)
    return (torch.as_tensor(reward) + gamma * torch.as_tensor(1.0 - terminated) * best).numpy()


def online_chooses(reward, q_next_online, q_next_target, terminated, gamma):
    """y = r + gamma (1 - terminated) Q_target(s', argmax Q_online(s', .)) (van Hasselt et al. 2016, eq. 4)."""
    chosen = q_next_online.argmax(axis=1)
    return reward + gamma * (1.0 - terminated) * q_next_target[np.arange(len(reward)), chosen]


double_target = entry("dqn.double_target", points=3, reference=online_chooses)


@double_target.mutant(
    "roles-swapped",
    "The target network chooses and the online one judges. The online network chooses, the target network judges.",
    "b17",
)
def roles_swapped(reward, q_next_online, q_next_target, terminated, gamma):
    i = np.arange(len(reward))
    return reward + gamma * (1.0 - terminated) * q_next_online[i, q_next_target.argmax(axis=1)]


@double_target.mutant(
    "plain",
    "This is the ordinary target: the target network chooses and judges. Which network was to choose?",
)
def plain_target(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target.max(axis=1)


@double_target.mutant(
    "online-alone",
    "The online network judges its own choice: the very optimism that double DQN is there to take away.",
    "b6",
)
def online_alone(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_online.max(axis=1)


@double_target.mutant("no-terminal-mask", "Terminal rows bootstrap. The end of the episode ends this target too.", "b7")
def double_no_mask(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * q_next_target[np.arange(len(reward)), q_next_online.argmax(axis=1)]


@double_target.mutant(
    "smaller", "You take the smaller of the two maxima. That is TD3's idea for two critics, not double DQN's."
)
def smaller_maximum(reward, q_next_online, q_next_target, terminated, gamma):
    best = np.minimum(q_next_online.max(axis=1), q_next_target.max(axis=1))
    return reward + gamma * (1.0 - terminated) * best


@double_target.mutant(
    "block",
    "A (B, B) block: Q[:, a] takes those columns of every row. One entry per row.",
    "b12",
)
def double_block(reward, q_next_online, q_next_target, terminated, gamma):
    return reward + gamma * (1.0 - terminated) * q_next_target[:, q_next_online.argmax(axis=1)]


@double_target.alternative
def by_take_along(reward, q_next_online, q_next_target, terminated, gamma):
    chosen = np.argmax(q_next_online, axis=1, keepdims=True)
    judged = np.take_along_axis(q_next_target, chosen, axis=1).squeeze(1)
    return np.where(terminated, reward, reward + gamma * judged)


@double_target.alternative
def by_one_hot(reward, q_next_online, q_next_target, terminated, gamma):
    best = q_next_online == q_next_online.max(axis=1, keepdims=True)
    return reward + gamma * (1 - terminated) * (best * q_next_target).sum(axis=1)
