"""Answers of the base model and of the student to the golden inputs, under the Python that trains.

`child.run` is the stage: `settings` say what is asked, `writers` and `classifiers` answer a batch, and `batches` goes
through all of them, saving on the way. What the trained files are is known to the package `trainers`.
"""
