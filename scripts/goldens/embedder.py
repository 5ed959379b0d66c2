"""Makes the reference embeddings that the encoder's tests compare with.

    pip install torch transformers safetensors
    python scripts/goldens/embedder.py public/models/all-MiniLM-L6-v2 tests/fixtures/embedder

Writes:
- minilm.json: token ids and mean-pooled unit vectors of all-MiniLM-L6-v2 (weights as they lie in the folder, float32
  arithmetic) for texts that are short, long, cut, multilingual and odd;
- tiny-bert.*, tiny-roberta.*: two encoders with random weights (no licence attaches) and their vectors, one with CLS
  pooling and one with RoBERTa's positions, so that every branch of the definition has a reference.
"""

import base64
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, RobertaConfig, RobertaModel

SOURCE, TARGET = Path(sys.argv[1]), Path(sys.argv[2])
MAX_TOKENS = 512

TEXTS = [
    "How long may a laptop be used before it is replaced?",
    "The cat sat on the mat.",
    "Zürich, naïve café, Ærøskøbing: accents are stripped by this model.",
    "东京是日本的首都。",
    "Привет, мир!",
    "🚀 launch 👩‍👩‍👧 family",
    "x",
    "def f(x):\n    return x ** 2  # square",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "Attention is all you need. " * 12,
    "In the beginning there was a very long passage about nothing in particular, and it went on. " * 40,
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
]


def encode(array: torch.Tensor) -> str:
    return base64.b64encode(array.to(torch.float32).contiguous().numpy().tobytes()).decode()


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    if pooling == "cls":
        vector = hidden[:, 0]
    else:
        weights = mask[..., None].float()
        vector = (hidden * weights).sum(1) / weights.sum(1)
    return torch.nn.functional.normalize(vector, dim=-1)


def minilm() -> None:
    config = BertConfig.from_json_file(SOURCE / "config.json")
    model = BertModel(config, add_pooling_layer=False)
    weights = {k: v.float() for k, v in load_file(SOURCE / "model.fp16.safetensors").items()}
    missing, _ = model.load_state_dict(weights, strict=False)
    assert not [name for name in missing if "position_ids" not in name], missing
    model.eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(SOURCE / "tokenizer.json"))
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.enable_truncation(MAX_TOKENS)
    rows = []
    for text in TEXTS:
        ids = tokenizer.backend_tokenizer.encode(text).ids
        batch = torch.tensor([ids])
        mask = torch.ones_like(batch)
        with torch.no_grad():
            vector = pool(model(batch, attention_mask=mask).last_hidden_state, mask, "mean")[0]
        rows.append({"text": text, "ids": ids, "vector": encode(vector)})
    (TARGET / "minilm.json").write_text(json.dumps({"maxTokens": MAX_TOKENS, "rows": rows}, ensure_ascii=False) + "\n")


def tiny(name: str, model: torch.nn.Module, config, pooling: str) -> None:
    model.eval()
    # Wider than the usual 0.02, so that attention is far from uniform and mistakes show.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items() if "_ids" not in k}, TARGET / f"{name}.safetensors")
    model.load_state_dict({k: v.half().float() for k, v in model.state_dict().items() if "_ids" not in k}, strict=False)
    lengths = [5, 13, 1]
    ids = torch.full((3, 16), config.pad_token_id)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(3, config.vocab_size, (length,))
    mask = (torch.arange(16)[None] < torch.tensor(lengths)[:, None]).long()
    with torch.no_grad():
        vectors = pool(model(ids, attention_mask=mask).last_hidden_state, mask, pooling)
    golden = {"config": config.to_dict(), "pooling": pooling, "ids": ids.tolist(), "lengths": lengths, "vectors": encode(vectors)}
    (TARGET / f"{name}.json").write_text(json.dumps(golden, default=str) + "\n")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    minilm()
    shape = dict(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, vocab_size=50,
        max_position_embeddings=40, hidden_act="gelu", layer_norm_eps=1e-12,
    )
    bert = BertConfig(**shape, pad_token_id=0)
    tiny("tiny-bert", BertModel(bert, add_pooling_layer=False), bert, "cls")
    roberta = RobertaConfig(**shape, pad_token_id=1, type_vocab_size=1)
    tiny("tiny-roberta", RobertaModel(roberta, add_pooling_layer=False), roberta, "mean")


main()
