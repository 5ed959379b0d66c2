"""Adapters that come from elsewhere, as a zip of a PEFT folder: bounded, checked, and never anything but tensors."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from ..problems import Problem, bad_request
from ..settings import Settings
from ..store.adapters import keep
from ..store.database import Database
from .catalogue import check_safetensors, find_model, sha256_of

CONFIG, WEIGHTS, CARD = "adapter_config.json", "adapter_model.safetensors", "attune.json"
LARGEST_TEXT = 2**20
MOST_RATIO = 50
"""Inflated bytes per byte of the zip: weights hardly compress, bombs do by a thousand."""
KEPT = (
    *("peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "use_rslora"),
    *("target_modules", "layers_to_transform", "modules_to_save", "inference_mode"),
)
"""The part of an adapter's configuration that is taken over."""
ROLES = {"FEATURE_EXTRACTION": "embedder", "SEQ_CLS": "reranker", "CAUSAL_LM": "generator"}


def keep_uploaded(settings: Settings, database: Database, row: dict[str, Any]) -> str:
    """Makes a model of an uploaded zip. Returns the model's name; raises a problem that says what does not fit."""
    archive, folder = settings.files / row["id"], settings.adapters / f"incoming-{row['id']}"
    folder.mkdir(mode=0o700)
    try:
        unpack(archive, folder, settings)
        check_safetensors(folder / WEIGHTS)
        card = read_card(folder, settings)
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
        name = f"ft:{card['base']['id']}:{plain(Path(row['filename']).stem)}:{row['id'][-8:]}"
        keep(settings, database, folder, name, card, None)
        return name
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpack(archive: Path, folder: Path, settings: Settings) -> None:
    """Takes the known files out, wherever in the zip they stand; names of entries are compared, never used as paths."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            entries = zipped.infolist()
            if len(entries) > 100:
                raise bad_zip("it holds too many files")
            for name, limit in ((CONFIG, LARGEST_TEXT), (WEIGHTS, settings.max_file), (CARD, LARGEST_TEXT)):
                found = [entry for entry in entries if PurePosixPath(entry.filename).name == name]
                if len(found) > 1 or (not found and name != CARD):
                    raise bad_zip(f"it has to hold {name} once")
                for entry in found:
                    copy(zipped, entry, folder / name, limit)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise bad_zip("it cannot be read") from None


def copy(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limit: int) -> None:
    """Inflates one file. What comes out is counted, since what the zip says of its size may be a lie."""
    if entry.file_size > limit or entry.file_size > MOST_RATIO * max(entry.compress_size, 1024):
        raise bad_zip(f"{target.name} would be too large")
    written = 0
    with zipped.open(entry) as source, target.open("wb") as file:
        while part := source.read(2**20):
            written += len(part)
            if written > entry.file_size:
                raise bad_zip(f"{target.name} is larger than it says")
            file.write(part)


def read_card(folder: Path, settings: Settings) -> dict[str, Any]:
    """The adapter's card, of its own or made from its configuration; its base has to be here, with the same weights."""
    config = read_json(folder / CONFIG)
    if config.get("peft_type") != "LORA":
        raise bad_zip("it is no LoRA adapter")
    targets = config.get("target_modules")
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise bad_zip("its target_modules are no list of names")
    # PEFT would act on much else, patterns that take for ever to match among it.
    (folder / CONFIG).write_text(json.dumps({key: config[key] for key in KEPT if key in config}))
    given = read_json(folder / CARD) if (folder / CARD).exists() else {}
    base: dict[str, Any] = given["base"] if isinstance(given.get("base"), dict) else {}
    name = str(base.get("id") or config.get("base_model_name_or_path") or "").rsplit("/", 1)[-1]
    model = find_model(settings, name)
    sha256 = sha256_of(model, settings)
    if base.get("sha256") not in (None, sha256):
        raise bad_zip(f"it was trained on other weights than those of {name} here")
    role = ROLES.get(str(config.get("task_type")), model.role)
    return {"format": 1, "role": role, "base": {"id": name, "sha256": sha256}, "method": "uploaded"}


def read_json(path: Path) -> dict[str, Any]:
    """An object of JSON."""
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise bad_zip(f"{path.name} is no JSON") from None
    if not isinstance(value, dict):
        raise bad_zip(f"{path.name} is no object")
    return value


def plain(text: str) -> str:
    """Letters, digits and dashes."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)[:40] or "adapter"


def bad_zip(reason: str) -> Problem:
    """400."""
    return bad_request("invalid_adapter", f"The file is no adapter: {reason}. Send the zip of a PEFT folder.", "file")
