"""DQN: training on Taxi with a table or a hidden layer."""
