"""What happens while an agent updates, recorded at the borders of its networks."""
