"""Checkpoints that a kill cannot spoil, of the adapter alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from peft import PeftModel

from .folders import COMPLETE, checkpoints
from .lora import WEIGHTS, load_weights, save_adapter

KEPT = 3


class AdapterCheckpoints:
    """
    Before a Trainer in the order of its classes: a checkpoint's model is a PEFT folder.

    Transformers, TRL and Sentence Transformers each save and load in a way of their own; here it is one for all, and a
    checkpoint can be served as it is.
    """

    adapted: PeftModel
    args: Any

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        save_adapter(self.adapted, Path(output_dir or self.args.output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_weights(self.adapted, Path(resume_from_checkpoint) / WEIGHTS)


def mark_complete(folder: Path) -> None:
    """Called when all of a checkpoint's files are written: only a folder with the mark is ever resumed from."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    with (folder / COMPLETE).open("wb") as mark:
        os.fsync(mark.fileno())
    for old in checkpoints(folder.parent)[:-KEPT]:
        shutil.rmtree(old)


def last_checkpoint(folder: Path) -> Path | None:
    """Where to go on; what a kill left half written is removed."""
    whole = checkpoints(folder)
    for path in folder.glob("checkpoint-*"):
        if path not in whole:
            shutil.rmtree(path)
    return whole[-1] if whole else None
