"""Short questions for each student on the code that they handed in; every key comes from running that code."""
