"""How good answers are: what a task takes for right, scores, their intervals, paired tests, speed and cost; no I/O."""
