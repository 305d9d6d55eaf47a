"""Arrays in, numbers out: measures of one model's answers, NumPy only."""
