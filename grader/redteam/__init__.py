"""The public adversarial suite: notebooks that try to gain, steal, spread and harm, and a look whether they do."""
