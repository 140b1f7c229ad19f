"""What each model answers to each input alone: `direct_answers.py SPEC.json`, run by the Python that trains.

It is written without the code under test, for its answers to be held against.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
)


def main(spec: dict[str, Any]) -> None:
    """Print the answers of base and student as JSON, each a list in the order of the texts."""
    with torch.inference_mode():
        print(json.dumps(classified(spec) if spec["method"] == "encoder" else all_written(spec)))


def classified(spec: dict[str, Any]) -> dict[str, list[str]]:
    tokenizer = AutoTokenizer.from_pretrained(spec["student"])
    model = AutoModelForSequenceClassification.from_pretrained(spec["student"]).eval()
    numbers = [int(model(**tokenizer(text, return_tensors="pt")).logits[0].argmax()) for text in spec["texts"]]
    return {"student": [model.config.id2label[number] for number in numbers]}


def all_written(spec: dict[str, Any]) -> dict[str, list[str]]:
    tokenizer = AutoTokenizer.from_pretrained(spec["base"])
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )
    given = {"quantization_config": four_bits} if spec["method"] == "qlora" else {}
    model = AutoModelForCausalLM.from_pretrained(spec["base"], dtype=torch.float32, **given).eval()
    answers = {"base": [written(model, tokenizer, spec["base_says"], text, spec["most"]) for text in spec["texts"]]}
    if spec["method"] == "full":
        model = AutoModelForCausalLM.from_pretrained(spec["student"], dtype=torch.float32).eval()
    else:
        model = PeftModel.from_pretrained(model, spec["student"]).eval()
    answers["student"] = [written(model, tokenizer, spec["student_says"], text, spec["most"]) for text in spec["texts"]]
    return answers


def written(model: Any, tokenizer: Any, instructions: str, text: str, most: int) -> str:
    """Return what is likeliest token by token, with no cache, no padding and no loop of a library's."""
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": text}]
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    tokens = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    first = tokens.shape[1]
    for _ in range(most):
        likeliest = model(input_ids=tokens).logits[0, -1].argmax()
        if likeliest == tokenizer.eos_token_id:
            break
        tokens = torch.cat([tokens, likeliest.reshape(1, 1)], dim=1)
    return str(tokenizer.decode(tokens[0, first:], skip_special_tokens=True))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
