"""What the demo's students write in a chapter's reflection: of each question, a few answers of unequal worth."""

from __future__ import annotations

ANSWERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "chain": (
        (
            "Below the output only the arriving gradient G counts, so I can call `Y.backward(G)`. A scalar that does "
            "the job is `(G.detach() * Y).sum()`; its value means nothing, it is no measure of progress.",
            "You can train from a gradient: give it to backward directly. With a scalar: sum(G * Y) with G held "
            "constant. Do not look at its value.",
            "He is wrong, PyTorch takes `Y.backward(G)`. The surrogate is the mean of G times Y, and when it goes down "
            "the training goes well.",
            "Just use autograd, it finds the loss by itself.",
        ),
        (
            "A sum where a mean should be: Adam divides the factor away. Doubling every sample shows it. And a detach "
            "in the middle: the last layer still learns; the gradient of W1 is exactly zero.",
            "Adam hides every constant factor, so a lost 1/2 is invisible; central differences find it. Gradients that "
            "are not zeroed also give a falling loss: call it twice and compare.",
            "A factor 2 is not seen because Adam normalizes.",
            "One would have to look at the loss for longer.",
        ),
        (
            "Following all slopes moves f itself: the score rises and a is not better. Blocking at f cuts the only way "
            "to a. So the parameters of f stand still and the path through f stays open.",
            "The parameters of f must be frozen but not detached, since the gradient has to pass through f to reach a.",
            "If the judge learns too, it is cheating. So I detach f.",
        ),
    ),
    "dqn": (
        (
            "The others do not occur in the loss of this transition, so their derivative is exactly 0. They train "
            "when their own action is taken. With a hidden layer the shared weights move their outputs all the same.",
            "Zero is right: the transition says nothing about the other actions. Exploration takes them some day.",
            "They get a small gradient from the target network.",
        ),
        (
            "The terminal mask may be missing: goal states are never left, their Q stays 0, so the wrong term is 0. "
            "Give them a Q of 5 and compare the target.",
            "A factor 1/6 in the gradient; with Adam nobody sees it. Central differences of the loss show it.",
            "The learning rate could be too small, which one sees in the loss.",
        ),
        (
            "y is the label: the prediction moves to it and not the other way round. Otherwise the variance is "
            "minimized too, and *won* goes below 1 and *lost* above 0.",
            "Because the semi-gradient's fixed point is the Bellman equation. With the full gradient *won* is 0.9.",
            "It makes the training stable.",
        ),
    ),
    "ddpg": (
        (
            "It is the same number. The direct way also fills the gradients of the critic, which then moves with the "
            "next step unless they are zeroed. Only with the factors apart can one change the slope on its way into "
            "the actor, for example invert it at a bound.",
            "Same number, but `(-Q).mean().backward()` also leaves gradients in the critic. Kept apart, the slope can "
            "be clipped or inverted before it is injected.",
            "The direct way is faster and more exact, so one should always use it.",
        ),
        (
            "The slope was taken at the action in the buffer and not at the actor's own, and the mean also divides by "
            "the number of actions. With A = 2 everything is half; with a quadratic Q the slope points to the wrong "
            "side. Adam forgets the factor, and Pendulum has one action.",
            "dq_da belongs to another action: compare both slopes on one state with a Q that bends. It learns since "
            "the buffer's actions are near the actor's.",
            "Nothing is wrong if it learns.",
        ),
        (
            "One has to measure the return over several seeds: in section 9 the bias went down and the return stayed "
            "within the spread.",
            "Overestimation is not the return. I would want both, with 20 seeds and the same number of steps.",
            "It is true, since the actor follows the critic.",
        ),
    ),
}
