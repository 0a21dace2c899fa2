"""A critic's gradient explained: the label it learns, the loss, and where the gradient arrives."""
