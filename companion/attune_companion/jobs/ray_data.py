"""
What a job asks of the untuned model before it learns, answered by all workers of a cluster: texts travel through Ray
Data to a copy of the model on each. It is done before the training takes the GPUs, once for all of its workers, and
kept with the job, so that a run that goes on does not ask again.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path
from typing import Any

import ray
import torch

from ..training.contract import JobSpec, Outcome, Reporter

KEPT = "untuned.json"
ASKING = ("embedder", "reranker")
"""Methods that ask."""
AT_ONCE = 256
"""Texts that a worker embeds before it takes others."""


class Embedder:
    """On each worker, with the model in its memory."""

    def __init__(self, model: Path, max_tokens: int) -> None:
        from ..serving.load import load_embedder

        self._model = load_embedder(model, max_tokens)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        from ..training.embedder import embed

        return {"place": batch["place"], "vector": embed(self._model, list(batch["text"])).numpy()}


class StoppedError(Exception):
    """The owner asked for 'cancel' or 'pause' meanwhile."""


def ask_cluster(spec: JobSpec, reporter: Reporter, gpus: bool) -> JobSpec | Outcome:
    """The job with what it asked, or how it was stopped meanwhile. Needs a cluster that is connected."""
    if spec.method not in ASKING:
        return spec
    path = spec.folder / KEPT
    if not path.exists():
        method = importlib.import_module(f"..training.{spec.method}", __package__)
        try:
            found = method.ask_untuned(spec, lambda texts: embedded(texts, spec, reporter, gpus))
        except StoppedError as stopped:
            return Outcome(str(stopped))
        spec.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(found))
        partial.rename(path)
    return dataclasses.replace(spec, untuned=json.loads(path.read_text()))


def embedded(texts: list[str], spec: JobSpec, reporter: Reporter, gpus: bool) -> torch.Tensor:
    """Unit vectors [texts, dimensions]. Raises `StoppedError`."""
    reporter.message(f"{spec.workers} {'worker embeds' if spec.workers == 1 else 'workers embed'} {len(texts)} texts.")
    ray.data.DataContext.get_current().enable_progress_bars = False
    # Texts of like lengths together are padded least.
    places = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    rows = ray.data.from_items([{"place": place, "text": texts[place]} for place in places])
    vectors: torch.Tensor | None = None
    for batch in rows.map_batches(
        Embedder,
        fn_constructor_args=(spec.model, spec.settings["maxTokens"]),
        compute=ray.data.ActorPoolStrategy(size=spec.workers),
        num_gpus=1 if gpus else 0,
        batch_size=AT_ONCE,
    ).iter_batches(batch_size=AT_ONCE):
        if vectors is None:
            vectors = torch.empty(len(texts), batch["vector"].shape[1])
        vectors[torch.as_tensor(batch["place"].copy())] = torch.as_tensor(batch["vector"].copy())
        wanted = reporter.wanted()
        if wanted is not None:
            raise StoppedError(wanted)
    assert vectors is not None
    return vectors
