"""Base models in memory: from safetensors alone, without remote code, in the precision that the device has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from ..settings import Settings
from .catalogue import BaseModel, beside, positions_of, sha256_of

SAFE: dict[str, Any] = {"use_safetensors": True, "trust_remote_code": False, "local_files_only": True}
transformers_logging.disable_progress_bar()
ASIDE = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".py", ".onnx", ".gguf"}
"""Kinds of files that are left out of a prepared folder, so that nothing can find them."""


def prepared(model: BaseModel, settings: Settings) -> Path:
    """The folder that Transformers loads: links to the weights, or, of a GGUF, its weights as safetensors (once)."""
    folder = settings.prepared / f"{model.id}-{sha256_of(model, settings)[:16]}"
    if folder.exists():
        return folder
    partial = beside(folder)
    partial.mkdir(parents=True)
    if model.format == "gguf":
        source: dict[str, Any] = {"gguf_file": model.weights[0].name, "local_files_only": True}
        decoder: Any = AutoModelForCausalLM.from_pretrained(model.folder, dtype=torch.float32, **source)
        # Its weights are plain numbers by now; Transformers refuses to save what it remembers as quantised.
        decoder.hf_quantizer = None
        decoder.is_quantized = False
        del decoder.config.quantization_config
        decoder.save_pretrained(partial)
        AutoTokenizer.from_pretrained(model.folder, **source).save_pretrained(partial)
    else:
        for path in model.folder.iterdir():
            alone = len(model.weights) == 1 and path == model.weights[0]
            if path.is_file() and path.suffix not in ASIDE:
                (partial / ("model.safetensors" if alone else path.name)).symlink_to(path.resolve())
    try:
        partial.rename(folder)
    except OSError:
        # Somebody else was faster.
        shutil.rmtree(partial)
        if not folder.exists():
            raise
    return folder


def device() -> str:
    """Where models run."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name() -> str:
    """Where models run, for people."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"the CPU ({psutil.cpu_count()} cores)"


def precision() -> torch.dtype:
    """bfloat16 where the GPU has it, else full precision."""
    return torch.bfloat16 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else torch.float32


def load_generator(folder: Path, quantised: bool) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A decoder with its tokenizer. `quantised`: in NF4 (QLoRA, Dettmers et al. 2023) where CUDA is, else ignored."""
    extra: dict[str, Any] = {}
    if quantised and device() == "cuda":
        extra["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=precision(),
        )
        extra["device_map"] = {"": torch.cuda.current_device()}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=precision(), **SAFE, **extra)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def load_embedder(folder: Path, max_tokens: int) -> Any:
    """An encoder with mean pooling and unit vectors (as the app reads it), a `SentenceTransformer`."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    encoder = Transformer(
        str(folder), max_seq_length=readable(folder, max_tokens), model_kwargs={**SAFE, "dtype": torch.float32}
    )
    pooling = Pooling(encoder.get_embedding_dimension(), pooling_mode=pooling_mode(folder))
    return SentenceTransformer(modules=[encoder, pooling, Normalize()], device=device())


def readable(folder: Path, max_tokens: int) -> int:
    """At most the positions that a model has: one more is no end of a text, but an error in the middle of a run."""
    return min(max_tokens, positions_of(folder) or max_tokens)


def pooling_mode(folder: Path) -> str:
    """'cls' where the model's own files say so, else the mean over tokens."""
    import json

    path = folder / "1_Pooling" / "config.json"
    values = json.loads(path.read_text()) if path.is_file() else {}
    return "cls" if values.get("pooling_mode_cls_token") or values.get("pooling_mode") == "cls" else "mean"


def load_reranker(folder: Path, max_tokens: int) -> Any:
    """An encoder with a scoring head of one value, a `CrossEncoder`; the head is new until an adapter brings one."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(
        str(folder),
        num_labels=1,
        max_length=readable(folder, max_tokens),
        device=device(),
        activation_fn=torch.nn.Identity(),
        local_files_only=True,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )
