"""Examines public repositories that lie in a folder, and compares what is said with what a reader found.

Nothing of others is kept here: an entry names a repository, a path and a commit, and hands the code to the examiner in
a few lines of our own. Personal repositories are not named; they are known by a hash of their names.
"""
