"""The debugging lab displays no equation of its own."""
