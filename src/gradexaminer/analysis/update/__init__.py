"""What optimizers apply, what leaks through a label, and how target networks follow."""
