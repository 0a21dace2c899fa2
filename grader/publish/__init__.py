"""What is made for people: the release, solutions, feedback, marks, the site, the class report."""
