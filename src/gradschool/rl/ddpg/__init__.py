"""DDPG: training on Pendulum, one agent at a time or many side by side."""
