"""The checks of the lessons' displayed equations, one module for each chapter."""
