"""Canvas and Moodle over their web services: roster and submissions in, marks and feedback out."""
