"""Training runs recorded while they learn, to be scrubbed through: chapter 2's table, chapter 3's actor and critic."""
