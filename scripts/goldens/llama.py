"""Makes the golden values that the Llama tests compare with, by Transformers on the very same files.

    pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0 safetensors
    python scripts/goldens/llama.py public/models/SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf

Writes into tests/fixtures/llama/:
  smollm2.json   token ids, chat template renderings, logits and greedy continuations of the starter generator
  tiny/          random models of a few kB in every supported architecture and tensor type, each with its logits

Everything is computed in float32 on the dequantised weights: the same grid that the app serves.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parent))
from llama_tiny import write_tiny_models  # noqa: E402

OUT = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "llama"

TEXTS = [
    "",
    " ",
    "Hello, world!",
    "  two leading spaces, and   three inside",
    "tabs\tand\nnewlines\r\n\n\n  end   ",
    "I'll can't WE'VE they'RE it's",
    "1 22 333 4444 55555 3.14159 1,000,000 0x1F 2026-11-21",
    "naïve café Ångström Straße İstanbul",
    "日本語のテキスト、中文文本，한국어 텍스트",
    "Привет, как дела? Γειά σου Κόσμε",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽",
    "e\u0301 vs \u00e9; ﬁ ligature; zero\u200bwidth; nbsp\u00a0here; ideographic\u3000space",
    "function f(x) {\n    return x ** 2; // square\n}\n",
    "def f(a, b=1):\n\treturn {k: v for k, v in zip(a, b)}\n",
    "https://example.com/a/b?c=d&e=f#g <a href='x'>y</a>",
    "<|im_start|>user\nhi<|im_end|>\n",
    "not special: <|im_star|> <im_end>",
    "a" * 70,
    "\x00\x01\x7f control \ufffd",
    "العربية עברית हिन्दी ไทย",
    "$100 + 20% = €120; x² ≤ y₃ ± ½",
]

CHATS = [
    [{"role": "user", "content": "What is gravity?"}],
    [{"role": "system", "content": "You answer in one word."}, {"role": "user", "content": "Capital of France?"}],
    [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello! How can I help?"},
        {"role": "user", "content": "  Name a prime.\n\nJust one.  "},
    ],
]

PROMPTS = [
    "The capital of France is",
    "Once upon a time there was a little house near the river",
    "def fibonacci(n):\n",
    "Water boils at a temperature of",
    "1, 2, 3, 4, 5,",
    "Der schnelle braune Fuchs",
]
CONTINUE = 24
TOP = 10
STRIDE = 997


def last_logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1].double()


def main(path: Path) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    encode = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    texts = [{"text": text, "ids": encode(text), "decoded": tokenizer.decode(encode(text))} for text in TEXTS]

    chats = []
    for turns in CHATS:
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        chats.append({"turns": turns, "text": text, "ids": encode(text)})

    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    prompts = []
    for ids in [encode(p) for p in PROMPTS] + [chat["ids"] for chat in chats]:
        logits = last_logits(model, ids)
        top = torch.topk(logits, TOP)
        sequence, continuation, margins = list(ids), [], []
        for _ in range(CONTINUE):
            step = last_logits(model, sequence)
            best = torch.topk(step, 2)
            token = int(best.indices[0])
            continuation.append(token)
            margins.append(round(float(best.values[0] - best.values[1]), 5))
            if token == tokenizer.eos_token_id:
                break
            sequence.append(token)
        prompts.append(
            {
                "ids": ids,
                "top": [[int(i), round(float(v), 5)] for i, v in zip(top.indices, top.values)],
                "every": {"stride": STRIDE, "logits": [round(float(v), 5) for v in logits[::STRIDE]]},
                "greedy": continuation,
                "text": tokenizer.decode(continuation, skip_special_tokens=True),
                "margins": margins,
            }
        )
    golden = {"model": path.name, "texts": texts, "chats": chats, "prompts": prompts}
    (OUT / "smollm2.json").write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")
    write_tiny_models(OUT / "tiny")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
