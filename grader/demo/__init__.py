"""The whole job on a made-up class: `make demo`."""
