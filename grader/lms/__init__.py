"""Files of Canvas, Moodle and nbgrader's exchange: downloads in, marks and feedback out."""
