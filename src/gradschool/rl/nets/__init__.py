"""Small networks in NumPy, and their twins in torch."""
