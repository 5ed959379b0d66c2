"""The search that a ranking model stands behind, over a pool in memory: `src/training/tasks/first-stage.ts`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from .words import Place, WordIndex, search_data


class FirstStage:
    """Meaning and words, joined as the app does where nobody has changed its settings."""

    def __init__(self, texts: Sequence[str], languages: Sequence[str], vectors: Any) -> None:
        """`vectors`: of the texts, each of length 1 [texts, dimensions]."""
        self._vectors = np.asarray(vectors, np.float64)
        self._words = WordIndex(texts, languages)
        self._settings = search_data()["settings"]

    def find(self, question: str, vector: Any, limit: int, wanted: Collection[int] = ()) -> list[Place]:
        """The `limit` best, best first, and behind them the `wanted` places that are not among them."""
        settings, similar = self._settings, self._vectors @ np.asarray(vector, np.float64)
        order = np.argsort(-similar, kind="stable")
        candidates = settings["candidates"]
        behind = [place for place in order[candidates:].tolist() if place in wanted] if wanted else []
        dense = [(place, float(similar[place])) for place in [*order[:candidates].tolist(), *behind]]
        lexical = self._words.search(question, candidates, settings["k1"], settings["b"])
        found = fuse(dense, lexical, settings["denseWeight"], similar)
        return [entry for rank, entry in enumerate(found) if rank < limit or entry[0] in wanted]


def fuse(dense: list[Place], lexical: list[Place], weight: float, similar: Any) -> list[Place]:
    """
    Convex combination of scores, each brought to 0-1 by its least possible value and the best of its list (Bruch, Gai
    and Ingber 2023), as `src/retrieval/fusion.ts`. What only the words found gets its own cosine from `similar`.
    """
    joined = {place: weight * share(score, -1, dense[0][1]) for place, score in dense}
    for place, score in lexical:
        meaning = joined.get(place, weight * share(float(similar[place]), -1, dense[0][1]))
        joined[place] = meaning + (1 - weight) * share(score, 0, lexical[0][1])
    return sorted(joined.items(), key=lambda entry: -entry[1])


def share(score: float, least: float, best: float) -> float:
    """Where a score lies between the two; 0 in a list that says nothing."""
    return (score - least) / (best - least) if best > least else 0.0
