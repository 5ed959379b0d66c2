"""What a ranking model is shown: passages that the search before it finds (`src/training/tasks/candidates.ts`)."""

from __future__ import annotations

import random
from itertools import chain
from typing import Any

from .first_stage import FirstStage
from .languages import languages_of
from .mining import PoolPassage, drawn, mining_pool
from .negative_guard import NegativeGuard
from .rows import PairRow
from .words import Place


def stage_of(pool: list[PoolPassage], vectors: Any) -> FirstStage:
    """`vectors`: of the pool [passages, dimensions], each of length 1."""
    languages = languages_of((passage.own, passage.document) for passage in pool)
    return FirstStage([passage.text for passage in pool], languages, vectors)


def shown_passages(
    rows: list[PairRow], settings: dict[str, Any], seed: int, vectors: Any, queries: Any
) -> list[list[Place]]:
    """
    For each row the right passage and `hardNegatives` wrong ones, as places in `mining_pool(rows)`, each with what the
    search thinks of it in log-odds. Wrong ones are those that the row names, then a random sample of what the search
    finds: those above the right one are what there is to learn.

    `vectors` of the pool and `queries` of the rows' questions are the search model's.
    """
    pool = mining_pool(rows)
    places = {passage.text: place for place, passage in enumerate(pool)}
    guard, stage, count = NegativeGuard(rows), stage_of(pool, vectors), settings["hardNegatives"]
    shown = []
    for i, row in enumerate(rows):
        right, *named = (places[text] for text in dict.fromkeys((row.passage_text, *row.negatives)))
        found = stage.find(row.question, queries[i], settings["candidates"], {right, *named})
        priors = dict(with_priors(found, settings["searchWeight"]))
        others = [place for place in priors if place != right and place not in named]
        random.Random(f"{seed}/{i}").shuffle(others)  # noqa: S311
        chosen = named[:count]
        for place in chain(others, drawn(len(pool), f"{seed}/{i}")):
            if len(chosen) == count:
                break
            if place != right and place not in chosen and guard.is_wrong(row, pool[place].text):
                chosen.append(place)
        # Drawn at random, it was not found: the search thinks nothing of it.
        shown.append([(place, priors.get(place, 0.0)) for place in (right, *chosen)])
    return shown


def with_priors(found: list[Place], weight: float) -> list[Place]:
    """What the search thinks in log-odds; its best counts `weight` (`src/retrieval/reranker/with-search-scores.ts`)."""
    best = max((score for _, score in found), default=0.0)
    return [(place, weight * score / best if best > 0 else 0.0) for place, score in found]
