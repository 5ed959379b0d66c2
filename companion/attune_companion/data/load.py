"""Training files as parts: checked row by row, with a validation part that shares no document with the rest."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from ..problems import bad_request
from .jsonl import read_jsonl
from .rows import PairRow, Parts, read_row

FEWEST_TO_HOLD_OUT = 20
"""Rows below which nothing is held out: a score of two questions says nothing."""


def check_file(path: Path, method: str, longest: int, alone: bool = False) -> int:
    """
    Reads a whole file without keeping it. Returns its number of rows; raises a problem for the first bad one.

    `alone`: without a validation file, so that rows marked as validation are not learned from.
    """
    rows = held = 0
    for row, record in read_jsonl(path, longest):
        read = read_row(method, row, record)
        rows += 1
        held += isinstance(read, PairRow) and read.split == "validation"
    if rows == 0:
        raise bad_request("invalid_training_file", "The file has no rows.", "training_file")
    if alone and held == rows:
        text = "Every row of the file is marked as validation. Mark some as 'train', or upload them apart."
        raise bad_request("invalid_training_file", text, "training_file")
    return rows


def load_parts(training: Path, validation: Path | None, method: str, longest: int, held_out: float, seed: int) -> Parts:
    """
    Rows for a job. Without a validation file or rows marked as validation, a share `held_out` is set aside: whole
    documents (or passages, where no document is named), so that no text stands on both sides.
    """
    rows = [read_row(method, row, record) for row, record in read_jsonl(training, longest)]
    if validation is not None:
        return Parts(rows, [read_row(method, row, record) for row, record in read_jsonl(validation, longest)])
    marked = [row for row in rows if isinstance(row, PairRow) and row.split == "validation"]
    if marked:
        return Parts([row for row in rows if isinstance(row, PairRow) and row.split == "train"], marked)
    if held_out <= 0 or len(rows) < FEWEST_TO_HOLD_OUT:
        return Parts(rows, [])
    return hold_out(rows, held_out, seed)


def limited(rows: list[Any], most: int, seed: int) -> list[Any]:
    """
    The rows of at most so many questions, 0: of all; the same ones for equal seeds, and with a higher limit these and
    more. Rows that are no pairs count one by one.
    """
    questions = list(dict.fromkeys(row.question if isinstance(row, PairRow) else i for i, row in enumerate(rows)))
    if most == 0 or len(questions) <= most:
        return rows
    random.Random(seed).shuffle(questions)  # noqa: S311
    chosen = set(questions[:most])
    return [row for i, row in enumerate(rows) if (row.question if isinstance(row, PairRow) else i) in chosen]


def hold_out(rows: list[Any], share: float, seed: int) -> Parts:
    """Deals groups of rows out, the same way for equal seeds."""
    groups = sorted({group_of(row, i) for i, row in enumerate(rows)})
    random.Random(seed).shuffle(groups)  # noqa: S311
    wanted, chosen = max(1, round(share * len(rows))), set()
    sizes: dict[str, int] = {}
    for i, row in enumerate(rows):
        sizes[group_of(row, i)] = sizes.get(group_of(row, i), 0) + 1
    count = 0
    for group in groups:
        if count >= wanted or count + sizes[group] > len(rows) // 2:
            break
        chosen.add(group)
        count += sizes[group]
    sides = [group_of(row, i) in chosen for i, row in enumerate(rows)]
    return Parts(
        [row for row, held in zip(rows, sides, strict=True) if not held],
        [row for row, held in zip(rows, sides, strict=True) if held],
    )


def group_of(row: Any, index: int) -> str:
    """Rows of one document stay together; others stand for themselves."""
    return (row.document or row.passage or str(index)) if isinstance(row, PairRow) else str(index)
