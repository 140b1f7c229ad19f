"""The stages of a distillation run."""
