"""
Hard negatives: passages that the untuned model likes and that do not answer. As in `src/training/negatives.ts`,
right passages of the same question are passed over, near copies, passages that hold the answer in so many words, and
those that come too near to the right one (the margin of NV-Retriever, Moreira et al. 2024).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from .negative_guard import NegativeGuard
from .rows import PairRow

DEPTH = 200
FEW = 64
Embed = Callable[[list[str]], Any]
"""Texts to unit vectors [texts, dimensions], a tensor."""


def with_negatives(rows: list[PairRow], count: int, margin: float, seed: int, embed: Embed) -> list[list[str]]:
    """`count` wrong passages for each row: the row's own first, then mined ones, then random ones."""
    own = [list(dict.fromkeys(row.negatives))[:count] for row in rows]
    if all(len(found) == count for found in own):
        return own
    pool = list(dict.fromkeys(row.passage_text for row in rows))
    places = {text: j for j, text in enumerate(pool)}
    guard = NegativeGuard(rows)
    queries, vectors = embed([row.question for row in rows]), embed(pool)
    for i, (row, found) in enumerate(zip(rows, own, strict=True)):
        scores = vectors @ queries[i]
        limit = margin * max(float(scores[places[text]]) for text in guard.right(row))
        near = scores.topk(min(DEPTH, len(pool)))
        hard = (j for score, j in zip(near.values.tolist(), near.indices.tolist(), strict=True) if score < limit)
        for j in chain(hard, drawn(len(pool), f"{seed}/{i}")):
            if len(found) == count:
                break
            if pool[j] not in found and guard.is_wrong(row, pool[j]):
                found.append(pool[j])
    return own


def drawn(size: int, seed: str) -> Iterator[int]:
    """All places of a pool in random order. Few are mostly enough, and a pool may have a hundred thousand."""
    draw = random.Random(seed)  # noqa: S311
    yield from draw.sample(range(size), min(size, FEW))
    yield from draw.sample(range(size), size)
