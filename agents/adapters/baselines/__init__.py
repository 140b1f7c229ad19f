"""Candidates that are free: what minutes of a processor make of the examples that a student is to be trained on.

`child.run` is the stage, `candidates` is what is fitted. A student has to be worth more than these.
"""
