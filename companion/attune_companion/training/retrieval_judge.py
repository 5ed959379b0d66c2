"""How search and ranking models are judged: each question has to find its passage (`retrieval-judge.ts`)."""

from __future__ import annotations

import random
from statistics import fmean
from typing import Any

from ..data.mining import passages_of
from ..data.rows import PairRow, Parts
from .contract import Score

SCORE_NAME = "MRR@10 on the validation part"


class RetrievalJudge:
    """Questions of the validation part among its passages and a fixed sample of the training part's."""

    def __init__(self, parts: Parts, settings: dict[str, Any], seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311
        rows: list[PairRow] = parts.validation
        limit = settings["validationLimit"]
        asked = rows if len(rows) <= limit else draw.sample(rows, limit)
        own = passages_of(rows)
        known = {passage.text for passage in own}
        others = [passage for passage in passages_of(parts.train) if passage.text not in known]
        room = max(0, settings["validationPool"] - len(own))
        self.passages = [*own, *(others if len(others) <= room else draw.sample(others, room))]
        self.pool = [passage.text for passage in self.passages]
        self.questions = [row.question for row in asked]
        places = {text: i for i, text in enumerate(self.pool)}
        # The same question may stand in several rows, with a passage each.
        rights: dict[str, set[int]] = {}
        for row in rows:
            rights.setdefault(row.question, set()).add(places[row.passage_text])
        self.right = [rights[question] for question in self.questions]

    def rankings(self, questions: Any, pool: Any) -> list[list[int]]:
        """Of unit vectors [questions, d] and [pool, d]: for each question the pool in order, best first."""
        return (questions @ pool.T).argsort(dim=1, descending=True, stable=True).tolist()

    def score(self, rankings: list[list[int]]) -> Score:
        """`rankings`: places in the pool, best first; what is missing was not found."""
        pairs = list(zip(rankings, self.right, strict=True))
        figures = {f"recall@{k}": fmean(recall(ranked, right, k) for ranked, right in pairs) for k in (1, 5)}
        return Score(fmean(reciprocal_rank(ranked[:10], right) for ranked, right in pairs), figures)


def reciprocal_rank(ranked: list[int], right: set[int]) -> float:
    """1 / rank of the first right one, 0 where there is none."""
    return next((1 / (i + 1) for i, place in enumerate(ranked) if place in right), 0.0)


def recall(ranked: list[int], right: set[int], k: int) -> float:
    """Share of the right ones among the first k."""
    return len(right & set(ranked[:k])) / len(right)
