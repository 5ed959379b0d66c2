"""
Hard negatives: passages that the untuned model likes and that do not answer. As in `src/training/negatives.ts`,
right passages of the same question are passed over, near copies, passages that hold the answer in so many words, and
those that come too near to the right one (the margin of NV-Retriever, Moreira et al. 2024).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from .rows import PairRow

NEAR_DUPLICATE = 0.5
DEPTH = 200
Embed = Callable[[list[str]], Any]
"""Texts to unit vectors [texts, dimensions], a tensor."""


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def shingles(text: str) -> set[tuple[str, ...]]:
    """Word triples."""
    words = plain(text).split()
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def jaccard(a: set[Any], b: set[Any]) -> float:
    return len(a & b) / max(1, len(a | b))


def with_negatives(rows: list[PairRow], count: int, margin: float, seed: int, embed: Embed) -> list[list[str]]:
    """`count` wrong passages for each row: the row's own first, then mined ones, then random ones."""
    own = [list(dict.fromkeys(row.negatives))[:count] for row in rows]
    if all(len(found) == count for found in own):
        return own
    pool = list(dict.fromkeys(row.passage_text for row in rows))
    places = {text: j for j, text in enumerate(pool)}
    shingled = [shingles(text) for text in pool]
    right: dict[str, set[str]] = {}
    for row in rows:
        right.setdefault(plain(row.question), set()).add(row.passage_text)
    queries, vectors = embed([row.question for row in rows]), embed(pool)
    for i, (row, found) in enumerate(zip(rows, own, strict=True)):
        scores = vectors @ queries[i]
        rights, answer, mine = right[plain(row.question)], plain(row.answer), shingles(row.passage_text)
        limit = margin * max(float(scores[places[text]]) for text in rights)

        def wrong(j: int, rights: set[str] = rights, answer: str = answer, mine: set[Any] = mine) -> bool:
            held = len(answer) > 3 and f" {answer} " in f" {plain(pool[j])} "
            return pool[j] not in rights and not held and jaccard(mine, shingled[j]) < NEAR_DUPLICATE

        ranked = scores.argsort(descending=True).tolist()
        hard = [j for j in ranked[:DEPTH] if float(scores[j]) < limit and wrong(j)]
        easy = ranked[:]
        random.Random(f"{seed}/{i}").shuffle(easy)  # noqa: S311
        for j in [*hard, *(j for j in easy if wrong(j))]:
            if len(found) == count:
                break
            if pool[j] not in found:
                found.append(pool[j])
    return own
