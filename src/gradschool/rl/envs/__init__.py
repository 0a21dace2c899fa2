"""The environments: Taxi, Pendulum, and a small MDP whose values are known exactly."""
