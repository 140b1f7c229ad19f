"""What a classifier says of each text alone: `direct_probabilities.py FOLDER < TEXTS.json`, by the Python that trains.

It is written without the code under test, for what is served to be held against.
"""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def main(folder: str, texts: list[str]) -> None:
    """Print a list of probabilities for each text, in the order of the labels' numbers."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        print(
            json.dumps([model(**tokenizer(text, return_tensors="pt")).logits[0].softmax(-1).tolist() for text in texts])
        )


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
