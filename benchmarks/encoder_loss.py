"""Masked loss and accuracy of encoders on the same held-out text, masked alike.

python benchmarks/encoder_loss.py TEXT MODEL...      TEXT: one text a line (.txt, .jsonl, .parquet, packed or not)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig

from marsad.data.corpus import read_texts
from marsad.modeling.folders import find_model, load_tokenizer
from marsad.training.masking import SHAPES, WordMasking

LENGTH, SEQUENCES, RATE = 128, 32, 0.2


def main() -> None:
    texts = list(read_texts(Path(sys.argv[1])))
    for name in sys.argv[2:]:
        folder = find_model(name)
        tokenizer = load_tokenizer(folder)
        pieces = [i for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] for i in [*ids, tokenizer.sep_token_id]]
        step = SEQUENCES * (LENGTH - 1)
        rows = np.array(pieces[: len(pieces) // step * step]).reshape(-1, SEQUENCES, LENGTH - 1)
        masking = WordMasking(tokenizer, RATE, seed=2)
        model = SHAPES[AutoConfig.from_pretrained(folder).model_type].from_pretrained(folder, dtype=torch.float32).eval()
        losses, right, asked = [], 0, 0
        with torch.inference_mode():
            for number, batch in enumerate(rows):
                inputs = masking(np.pad(batch, ((0, 0), (1, 0)), constant_values=tokenizer.cls_token_id), number)
                found = model(**inputs)
                losses.append(float(found["loss"]))
                right, asked = right + int(found["right"].sum()), asked + len(inputs["labels"])
        words = sum(len(text.split()) for text in texts)
        print(f"{name}: loss {np.mean(losses):.3f}, accuracy {right / asked:.3f}, {len(pieces) / words:.2f} pieces a word")


if __name__ == "__main__":
    main()
