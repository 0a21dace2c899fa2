"""Running one student's notebook in a kernel, from the file to the graded notebook."""
