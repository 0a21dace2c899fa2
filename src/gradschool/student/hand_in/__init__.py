"""`gradschool hand-in`: one zip with a notebook and its receipt, after a look at what a grader will see."""
