"""What networks were asked and what they said, row by row: values, policies, log-probabilities, actions."""
