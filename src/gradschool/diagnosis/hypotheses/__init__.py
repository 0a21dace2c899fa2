"""Hypotheses about a wrong answer: formulas, counterfactuals, conditions and responses, each a claim to be tried."""
