"""Training on a GPU: how fast it is beside a bare loop, and how much memory it takes beside the formula for that.

    "$CAIRN_TRAIN_PYTHON" -m tests.benchmarks.gpu --out FILE.json

Needs no model: the base is a Llama of the shape of 8B with random weights, since neither speed nor memory hangs on
what weights say. Each figure is taken in a process of its own. `--tiny` runs all of it on a base of toy size, also
where there is no GPU; its figures say nothing of a GPU.
"""
