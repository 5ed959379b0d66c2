"""Random models of a few kB: one per architecture and tensor type, each with the logits that Transformers gives."""

import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

VOCAB, FFN, LAYERS = 64, 64, 2
IDS = [5, 17, 50, 2, 41, 33, 8, 61, 44, 12, 3, 55]
COMMON = dict(
    vocab_size=VOCAB, hidden_size=32, intermediate_size=FFN, num_hidden_layers=LAYERS,
    num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=512, rms_norm_eps=1e-5,
)
LLAMA3_ROPE = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32,
    rope_theta=10000.0,
)

# Hugging Face folders: (name, config, element type)
FOLDERS = [
    ("llama-llama3-rope-sharded", LlamaConfig(**COMMON, rope_parameters=LLAMA3_ROPE), torch.float16),
    ("llama-linear-rope-tied", LlamaConfig(**COMMON, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0)), torch.float16),
    ("qwen2-bf16", Qwen2Config(**COMMON), torch.bfloat16),
    ("qwen3-f16", Qwen3Config(**COMMON, head_dim=16, tie_word_embeddings=True), torch.float16),
    ("mistral-window", MistralConfig(**COMMON, sliding_window=6), torch.float16),
]

# GGUF files: (name, architecture, matrix type, tied)
FILES = [
    ("llama-q4_0", "llama", gguf.GGMLQuantizationType.Q4_0, False),
    ("llama-q4_1", "llama", gguf.GGMLQuantizationType.Q4_1, True),
    ("llama-f16", "llama", gguf.GGMLQuantizationType.F16, True),
    ("qwen2-q8_0", "qwen2", gguf.GGMLQuantizationType.Q8_0, True),
    ("qwen3-q4_0", "qwen3", gguf.GGMLQuantizationType.Q4_0, False),
]


def golden(model) -> dict:
    """Logits [V] after the whole sequence, and the greedy token after every prefix."""
    with torch.no_grad():
        logits = model(torch.tensor([IDS])).logits[0].double()
    return {"ids": IDS, "logits": [round(float(v), 6) for v in logits[-1]], "argmax": logits.argmax(-1).tolist()}


def randomise(model) -> None:
    generator = torch.Generator().manual_seed(7)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        # Norm weights stay near 1; biases and matrices are large enough that a mistake shows in the logits.
        p.data = 1 + 0.2 * noise if "norm" in name else noise * (0.5 if p.dim() == 1 else 1.5 / p.shape[-1] ** 0.5)


def write_folder(out: Path, name: str, config, dtype) -> None:
    model = AutoModelForCausalLM.from_config(config).eval()
    randomise(model)
    model = model.to(dtype)
    # Two shards for one of them: the index file is part of the layout.
    model.save_pretrained(out / name, max_shard_size="20KB" if name.startswith("llama-llama3") else "5GB")
    (out / name / "generation_config.json").unlink(missing_ok=True)
    # Loaded again, because the conversion above has rounded the rotary frequencies too.
    model = AutoModelForCausalLM.from_pretrained(out / name, dtype=torch.float32).eval()
    (out / name / "golden.json").write_text(json.dumps(golden(model)) + "\n")


def permute(w: np.ndarray, heads: int) -> np.ndarray:
    """Row order of llama.cpp's rotary embedding (pairs side by side) from Hugging Face's (halves)."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def write_file(out: Path, name: str, arch: str, qtype, tied: bool) -> None:
    rng = np.random.default_rng(11)
    # Quantised blocks are 32 long: two blocks per row show a wrong block order.
    hidden = 32 if qtype == gguf.GGMLQuantizationType.F16 else 64
    heads, kv = (2, 1) if hidden == 32 else (4, 2)
    head_dim = 32 if arch == "qwen3" else 16
    sizes = dict(hidden_size=hidden, num_attention_heads=heads, num_key_value_heads=kv)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "model.gguf", arch)
    writer.add_name(name)
    writer.add_context_length(512)
    writer.add_embedding_length(hidden)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    if arch == "qwen3":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    else:
        writer.add_rope_dimension_count(head_dim)
    writer.add_vocab_size(VOCAB)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm" if arch == "llama" else "qwen2")
    writer.add_token_list([f"t{i}" for i in range(VOCAB)])
    writer.add_token_types([gguf.TokenType.NORMAL] * VOCAB)
    writer.add_token_merges(["t 0"])
    writer.add_eos_token_id(0)

    def matrix(key, rows, columns, heads_to_permute=0):
        w = (rng.standard_normal((rows, columns)) * 1.5 / columns**0.5).astype(np.float32)
        if heads_to_permute:
            w = permute(w, heads_to_permute)
        writer.add_tensor(key, gguf.quants.quantize(w, qtype), raw_dtype=qtype)

    def vector(key, n, centre, spread):
        writer.add_tensor(key, (centre + spread * rng.standard_normal(n)).astype(np.float32))

    matrix("token_embd.weight", VOCAB, hidden)
    for i in range(LAYERS):
        swap = arch == "llama"
        vector(f"blk.{i}.attn_norm.weight", hidden, 1, 0.2)
        matrix(f"blk.{i}.attn_q.weight", heads * head_dim, hidden, heads if swap else 0)
        matrix(f"blk.{i}.attn_k.weight", kv * head_dim, hidden, kv if swap else 0)
        matrix(f"blk.{i}.attn_v.weight", kv * head_dim, hidden)
        matrix(f"blk.{i}.attn_output.weight", hidden, heads * head_dim)
        if arch == "qwen2":
            vector(f"blk.{i}.attn_q.bias", heads * head_dim, 0, 0.5)
            vector(f"blk.{i}.attn_k.bias", kv * head_dim, 0, 0.5)
            vector(f"blk.{i}.attn_v.bias", kv * head_dim, 0, 0.5)
        if arch == "qwen3":
            vector(f"blk.{i}.attn_q_norm.weight", head_dim, 1, 0.2)
            vector(f"blk.{i}.attn_k_norm.weight", head_dim, 1, 0.2)
        vector(f"blk.{i}.ffn_norm.weight", hidden, 1, 0.2)
        matrix(f"blk.{i}.ffn_gate.weight", FFN, hidden)
        matrix(f"blk.{i}.ffn_up.weight", FFN, hidden)
        matrix(f"blk.{i}.ffn_down.weight", hidden, FFN)
    vector("output_norm.weight", hidden, 1, 0.2)
    if not tied:
        matrix("output.weight", VOCAB, hidden)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    # Transformers does not read key_length from the file: without this it takes Qwen3's default of 128.
    config = {"config": Qwen3Config(**COMMON | sizes, head_dim=head_dim, tie_word_embeddings=tied)} if arch == "qwen3" else {}
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32, **config).eval()
    (folder / "golden.json").write_text(json.dumps(golden(model)) + "\n")


def write_tiny_models(out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    for name, config, dtype in FOLDERS:
        write_folder(out, name, config, dtype)
    for name, arch, qtype, tied in FILES:
        write_file(out, name, arch, qtype, tied)
