"""Making a student: what a person asks for, prompts, examples, what is kept of them, and what a run must reach."""
