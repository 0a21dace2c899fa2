"""Three figures that a reader explores: chapter 1's chain, chapter 2's transition, chapter 3's critic."""
