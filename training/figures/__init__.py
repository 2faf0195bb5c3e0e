"""Figures over answers and labels: pure computations, NumPy and plain Python."""
