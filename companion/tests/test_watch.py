"""What is kept of a run's best state."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from attune_companion.training import watch
from attune_companion.training.contract import Score, Task
from attune_companion.training.watch import Scores, Watch

from .test_worker import node


def test_no_state_is_said_to_be_best_whose_weights_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, spec = node(tmp_path)
    spec.folder.mkdir()
    scores = iter([0.1, 0.5, 0.9])
    task = Task(trainer(), "score", lambda: Score(next(scores)))
    seen = Watch(spec, task, SimpleNamespace(metrics=lambda *_: None), True)  # type: ignore[arg-type]
    full = False

    def save(_: Any, path: Path) -> None:
        save_file({"weight": torch.tensor([0.0])}, path)
        if full:
            path.write_bytes(path.read_bytes()[:-1])
            raise OSError("No space left on device")

    monkeypatch.setattr(watch, "save_weights", save)
    seen._validate(0)
    seen._validate(10)
    full = True
    with pytest.raises(OSError, match="No space"):
        seen._validate(20)
    best = Scores(spec.folder).best()
    assert best is not None
    assert best["step"] == 10
    assert load_file(spec.folder / "best.safetensors")["weight"].tolist() == [0.0]


def trainer() -> Any:
    return SimpleNamespace(model=torch.nn.Linear(1, 1), adapted=None, state=SimpleNamespace(max_steps=20))
