"""Base models of this machine: folders with weights as safetensors or GGUF. Nothing else is ever loaded."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..problems import Problem, not_found
from ..settings import Settings

log = logging.getLogger(__name__)
ENCODERS = {"bert", "roberta", "xlm-roberta", "mpnet", "distilbert", "modernbert", "nomic_bert", "electra"}
PADDED = {"roberta", "xlm-roberta", "mpnet"}
WIDTHS = ("hidden_size", "dim", "n_embd")
LARGEST_HEADER = 100 * 2**20


@dataclass(frozen=True)
class BaseModel:
    """A folder with a model. `role`: what it can be tuned to, 'embedder' (rerankers too) or 'generator'."""

    id: str
    folder: Path
    role: str
    format: str
    weights: tuple[Path, ...]
    bytes: int
    created_at: float


def list_models(settings: Settings) -> dict[str, BaseModel]:
    """Models by name. A folder that cannot be used is said in the log and left out."""
    models: dict[str, BaseModel] = {}
    for root in settings.models:
        for folder in sorted(root.iterdir()) if root.is_dir() else []:
            if folder.is_dir():
                found = describe(folder)
                if found is not None:
                    models.setdefault(found.id, found)
    return models


def find_model(settings: Settings, name: str) -> BaseModel:
    """Looked up by name; a name never becomes a path. Raises a problem when there is none."""
    model = list_models(settings).get(name)
    if model is None:
        raise not_found("model", name)
    return model


def describe(folder: Path) -> BaseModel | None:
    """What lies in a folder, or nothing when it is no model that may be loaded."""
    gguf = sorted(folder.glob("*.gguf"))
    tensors = sorted(folder.glob("*.safetensors"))
    config = folder / "config.json"
    if len(gguf) == 1:
        weights, role, form = gguf, "generator", "gguf"
    elif tensors and config.is_file():
        try:
            values = json.loads(config.read_text())
            for path in tensors:
                check_safetensors(path)
        except (ValueError, Problem) as error:
            log.warning("model refused", extra={"folder": folder.name, "reason": str(error)})
            return None
        weights, form = tensors, "safetensors"
        role = "embedder" if values.get("model_type") in ENCODERS else "generator"
    else:
        if any(folder.glob("*.bin")) or any(folder.glob("*.pt")):
            log.warning("model refused", extra={"folder": folder.name, "reason": "pickled weights are not loaded"})
        return None
    size = sum(path.stat().st_size for path in weights)
    return BaseModel(folder.name, folder, role, form, tuple(weights), size, folder.stat().st_mtime)


def check_safetensors(path: Path) -> dict[str, Any]:
    """
    Reads the header of a safetensors file as data. Raises a problem for anything else, a pickle with that name
    included: the file is not handed to a library before.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(LARGEST_HEADER, size - 8):
            raise bad_weights(path, "it has no header of that format")
        try:
            header = json.loads(file.read(length))
            ends = [int(value["data_offsets"][1]) for key, value in header.items() if key != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise bad_weights(path, "its header cannot be read") from None
    if not ends or max(ends) != size - 8 - length:
        raise bad_weights(path, "its length is not what its header says")
    return header


def has_pooler(weights: Iterable[Path]) -> bool:
    """Whether there is the layer over the first token that a ranking model scores with."""
    return any(name.endswith("pooler.dense.weight") for path in weights for name in check_safetensors(path))


def config_of(folder: Path) -> dict[str, Any]:
    """A model's configuration; empty where it has none of its own, as a GGUF."""
    path = folder / "config.json"
    values = json.loads(path.read_text()) if path.is_file() else {}
    return values if isinstance(values, dict) else {}


def width_of(folder: Path) -> int:
    """Numbers of a vector that a model makes; where its configuration does not say it, more than any has."""
    values = config_of(folder)
    return next((values[name] for name in WIDTHS if isinstance(values.get(name), int)), 100_000)


def positions_of(folder: Path) -> int | None:
    """Tokens that a model has positions for, where its configuration says so."""
    values = config_of(folder)
    positions = values.get("max_position_embeddings")
    if not isinstance(positions, int):
        return None
    # These count positions from behind their padding token.
    return positions - values.get("pad_token_id", 1) - 1 if values.get("model_type") in PADDED else positions


def bad_weights(path: Path, reason: str) -> Problem:
    """400."""
    return Problem(400, "invalid_weights", f"{path.name} is no safetensors file: {reason}. Only such are loaded.")


def sha256_of(model: BaseModel, settings: Settings) -> str:
    """Hash of the weights (of several files: of their hashes), remembered by size and time of change."""
    stamp = [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in model.weights]
    cache = settings.prepared / f"{hashlib.sha256(str(model.folder).encode()).hexdigest()[:24]}.json"
    if cache.exists():
        known = json.loads(cache.read_text())
        if known["stamp"] == stamp:
            return known["sha256"]
    digests = []
    for path in model.weights:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    sha256 = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    partial = beside(cache)
    partial.write_text(json.dumps({"stamp": stamp, "sha256": sha256}))
    partial.rename(cache)
    return sha256


def beside(path: Path) -> Path:
    """Where to write what becomes `path` when it is whole: threads and processes may make the same one at once."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
