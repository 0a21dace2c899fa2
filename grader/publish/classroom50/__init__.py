"""Classroom 50: a folder that is the autograder of one assignment there, in the public half alone."""
