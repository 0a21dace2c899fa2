"""What the recorded gradients mean, in four folders: reading, then update, then critic and actor; and the scope."""
