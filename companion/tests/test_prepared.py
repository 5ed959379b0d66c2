"""Base models as they are made ready on first use, by several at once, and what a kill leaves of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from attune_companion.serving import catalogue
from attune_companion.serving.catalogue import find_model, sha256_of
from attune_companion.serving.load import prepared
from attune_companion.settings import Settings
from attune_companion.store.database import Database
from attune_companion.store.files import sweep

TOGETHER = 4


def node(folder: Path, models: Path) -> Settings:
    settings = Settings(folder, (models,))
    settings.make_folders()
    return settings


def test_several_may_need_a_model_for_the_first_time(
    tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = node(tmp_path / "data", models)
    model = find_model(settings, "tiny-llama")
    barrier = Barrier(TOGETHER)
    rename = Path.rename

    def all_at_once(path: Path, target: Path) -> Path:
        barrier.wait(30)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", all_at_once)
    with ThreadPoolExecutor(TOGETHER) as pool:
        folders = set(pool.map(lambda _: prepared(model, settings), range(TOGETHER)))
    assert len(folders) == 1
    assert {path.name for path in folders.pop().iterdir()} >= {"config.json", "model.safetensors"}
    assert list(settings.prepared.glob("*.partial")) == []


def test_what_a_kill_left_is_removed_at_the_next_start(tmp_path: Path, models: Path) -> None:
    settings = node(tmp_path / "data", models)
    database = Database(settings.database)
    database.create()
    kept: dict[str, Any] = {"name": "a", "folder": "upload-2", "base": "b", "base_sha256": "", "role": "embedder"}
    database.insert("adapters", {**kept, "job": None, "bytes": 0, "created_at": 0})
    for name in ("incoming-file-1", "upload-1", "upload-2", "ftjob-1"):
        (settings.adapters / name).mkdir()
    (settings.prepared / "model-1.abc.partial").mkdir()
    (settings.prepared / "hash.json.abc.partial").write_text(json.dumps({}))
    known = sha256_of(find_model(settings, "tiny-bert"), settings)
    sweep(settings, database)
    assert {path.name for path in settings.adapters.iterdir()} == {"upload-2", "ftjob-1"}
    assert [path.suffix for path in settings.prepared.iterdir()] == [".json"]
    assert known == sha256_of(catalogue.find_model(settings, "tiny-bert"), settings)
