"""The stages of a distillation run, each in a module of its own."""
