"""A small SentencePiece vocabulary as llama.cpp stores it, with the tokens that Transformers makes of some texts.

    pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0
    python scripts/goldens/llama_sentencepiece.py
"""

import json
import tempfile
from pathlib import Path

import gguf
from transformers import AutoTokenizer

OUT = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "llama" / "sentencepiece.json"

WORDS = "the quick brown fox jumps over lazy dog and then there was another one that ran along these hills".split()
# No text that begins with a space: SentencePiece puts its own before it, Transformers' conversion does not.
TEXTS = ["the quick brown fox", "There was another one.", "two   spaces ", "then\nthese", "ünïcode €5", "thethethe", "", "a b"]


def pieces() -> list[tuple[str, float, int]]:
    """Special tokens, bytes, then every prefix and suffix of the words, longer and earlier ones with higher scores."""
    vocabulary = [("<unk>", 0.0, gguf.TokenType.UNKNOWN), ("<s>", 0.0, gguf.TokenType.CONTROL), ("</s>", 0.0, gguf.TokenType.CONTROL)]
    vocabulary += [(f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE) for byte in range(256)]
    found: dict[str, None] = {}
    for word in WORDS:
        marked = "▁" + word
        for size in range(2, len(marked) + 1):
            found[marked[:size]] = None
            found[word[-size:]] = None
    merged = [piece for piece in found if len(piece) > 1]
    vocabulary += [(piece, -float(rank), gguf.TokenType.NORMAL) for rank, piece in enumerate(merged)]
    letters = sorted(set("▁" + "".join(WORDS) + "T."))
    vocabulary += [(letter, -1000.0 - rank, gguf.TokenType.NORMAL) for rank, letter in enumerate(letters)]
    return vocabulary


def main() -> None:
    vocabulary = pieces()
    with tempfile.TemporaryDirectory() as folder:
        writer = gguf.GGUFWriter(Path(folder) / "model.gguf", "llama")
        writer.add_tokenizer_model("llama")
        writer.add_token_list([piece for piece, _, _ in vocabulary])
        writer.add_token_scores([score for _, score, _ in vocabulary])
        writer.add_token_types([kind for _, _, kind in vocabulary])
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file="model.gguf")
    texts = [{"text": text, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]} for text in TEXTS]
    metadata = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [piece for piece, _, _ in vocabulary],
        "tokenizer.ggml.scores": [score for _, score, _ in vocabulary],
        "tokenizer.ggml.token_type": [int(kind) for _, _, kind in vocabulary],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
    }
    OUT.write_text(json.dumps({"metadata": metadata, "texts": texts}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
