"""What the untuned model is asked before a run, by two workers of a cluster: the same as one process finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from attune_companion.data.rows import Parts, read_pair
from attune_companion.jobs.ray_data import KEPT, ask_cluster
from attune_companion.jobs.ray_engine import connect
from attune_companion.serving.catalogue import find_model
from attune_companion.serving.load import load_embedder, prepared
from attune_companion.settings import Settings
from attune_companion.training import embedder, reranker
from attune_companion.training.contract import JobSpec, Outcome
from attune_companion.training.options import read_settings

from .rows import pairs

METHODS = {"embedder": embedder, "reranker": reranker}


class Notes:
    """A reporter that keeps messages, and asks for a stop."""

    def __init__(self, stop: str | None = None) -> None:
        self.messages: list[str] = []
        self._stop = stop

    def message(self, text: str, level: str = "info") -> None:
        self.messages.append(text)

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None: ...

    def checkpoint(self, step: int, figures: dict[str, float]) -> None: ...

    def wanted(self) -> str | None:
        return self._stop


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    connect(Settings(tmp_path_factory.mktemp("node"), (), ray="local", ray_workers=2))
    yield
    ray.shutdown()


def job(folder: Path, models: Path, method: str) -> JobSpec:
    rows = [read_pair(i + 1, row) for i, row in enumerate(pairs(400))]
    settings = Settings(folder, (models,))
    settings.make_folders()
    return JobSpec(
        **{"id": "ftjob-1", "method": method, "base": "tiny-bert", "base_sha256": "", "data_hash": "", "seed": 1},
        **{"folder": folder / "job", "workers": 2},
        model=prepared(find_model(settings, "tiny-bert"), settings),
        settings=read_settings(method, {"hardNegatives": 4, "maxTokens": 64}),
        parts=Parts([row for row in rows if row.split == "train"], [row for row in rows if row.split != "train"]),
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_cluster_finds_what_one_process_finds_and_is_asked_once(tmp_path: Path, models: Path, method: str) -> None:
    spec, notes = job(tmp_path, models, method), Notes()
    asked: Any = ask_cluster(spec, notes, gpus=False)
    model = load_embedder(spec.model, 64)
    here = METHODS[method].ask_untuned(spec, lambda texts: embedder.embed(model, texts))
    if method == "embedder":
        assert asked.untuned == here
    else:
        for part in ("shown", "found"):
            # Places and what the search thinks of them, which hangs on the padding by its last digits.
            there, own = (np.array([place for row in found[part] for place in row]) for found in (asked.untuned, here))
            np.testing.assert_array_equal(there[:, 0], own[:, 0])
            np.testing.assert_allclose(there[:, 1], own[:, 1], atol=1e-4)
    assert all(text.startswith("2 workers embed ") for text in notes.messages)
    again = Notes()
    assert ask_cluster(spec, again, gpus=False) == asked
    assert again.messages == []


def test_it_ends_when_the_owner_stops_the_job(tmp_path: Path, models: Path) -> None:
    spec = job(tmp_path, models, "embedder")
    assert ask_cluster(spec, Notes("pause"), gpus=False) == Outcome("pause")
    assert not (spec.folder / KEPT).exists()
