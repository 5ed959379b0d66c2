"""
Hard negatives: passages that the untuned model likes and that do not answer. As in `src/training/negatives.ts`,
right passages of the same question are passed over, near copies, passages that hold the answer in so many words, and
those that come too near to the right one (the margin of NV-Retriever, Moreira et al. 2024).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from .negative_guard import NegativeGuard
from .rows import PairRow

DEPTH = 200
FEW = 64
Embed = Callable[[list[str]], Any]
"""Texts to unit vectors [texts, dimensions], a tensor."""


@dataclass(frozen=True)
class PoolPassage:
    """A passage that may stand as a wrong one."""

    text: str
    """As it is embedded, with its headings."""
    own: str
    document: str


def mining_pool(rows: list[PairRow]) -> list[PoolPassage]:
    """Each passage once: those of all rows, then the negatives that rows name."""
    return distinct([*passages_of(rows), *(PoolPassage(text, text, "") for row in rows for text in row.negatives)])


def passages_of(rows: list[PairRow]) -> list[PoolPassage]:
    """Each passage of the rows once: among these wrong ones are looked for."""
    return distinct([PoolPassage(row.passage_text, row.passage, row.document) for row in rows])


def distinct(passages: list[PoolPassage]) -> list[PoolPassage]:
    """The first of each text, in their order."""
    found: dict[str, PoolPassage] = {}
    for passage in passages:
        found.setdefault(passage.text, passage)
    return list(found.values())


def hard_negatives(rows: list[PairRow], count: int, margin: float, seed: int, embed: Embed) -> list[list[int]]:
    """
    `count` wrong passages for each row, as places in `mining_pool(rows)`: the row's own first, then mined ones, then
    random ones. `embed` is the untuned model's; it is called at most once.
    """
    pool = [passage.text for passage in mining_pool(rows)]
    places = {text: j for j, text in enumerate(pool)}
    own = [list(dict.fromkeys(places[text] for text in row.negatives))[:count] for row in rows]
    if all(len(found) == count for found in own):
        return own
    guard = NegativeGuard(rows)
    size = len(passages_of(rows))
    vectors = embed([*pool[:size], *(row.question for row in rows)])
    vectors, queries = vectors[:size], vectors[size:]
    for i, (row, found) in enumerate(zip(rows, own, strict=True)):
        scores = vectors @ queries[i]
        limit = margin * max(float(scores[places[text]]) for text in guard.right(row))
        near = scores.topk(min(DEPTH, size))
        hard = (j for score, j in zip(near.values.tolist(), near.indices.tolist(), strict=True) if score < limit)
        for j in chain(hard, drawn(size, f"{seed}/{i}")):
            if len(found) == count:
                break
            if j not in found and guard.is_wrong(row, pool[j]):
                found.append(j)
    return own


def drawn(size: int, seed: str) -> Iterator[int]:
    """All places of a pool in random order. Few are mostly enough, and a pool may have a hundred thousand."""
    draw = random.Random(seed)  # noqa: S311
    yield from draw.sample(range(size), min(size, FEW))
    yield from draw.sample(range(size), size)
