"""Training of students, in a process of its own and under a Python of its own (CAIRN_TRAIN_PYTHON).

`child.run` is the stage. What it goes through: `recipe` (the settings), `bases` (the model to start from: `downloads`,
`weights`), `fitting` (does it fit), `causal` or `encoder` (what is trained), `loop` (Hugging Face's trainer, with
checkpoints that resume exactly), `shrinking` (smaller micro-batches where memory ends). With several GPUs, `launch`
starts a process for each, `ranks` is what runs in them, and `relay` is how they speak with the stage.

Everything here imports the standard library and pure packages at most; torch and what builds on it are imported where
they are used, so that what is missing can be said.
"""
