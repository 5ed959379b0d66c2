"""Wrong passages to learn from: those that look right first, and any when there are too few of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from attune_companion.data.mining import Embed, hard_negatives, mining_pool
from attune_companion.data.rows import PairRow

WORDS = ["owl", "fox", "bee", "cow", "hen", "elk", "ant", "eel", "cat", "dog"]
ROWS = [
    PairRow(f"Where is the {word}?", passage=f"The {word} lives {i} miles from here") for i, word in enumerate(WORDS)
]


def with_negatives(rows: list[PairRow], count: int, margin: float, seed: int, embed: Embed) -> list[list[str]]:
    """As texts."""
    pool = mining_pool(rows)
    return [[pool[place].text for place in found] for found in hard_negatives(rows, count, margin, seed, embed)]


def embed(texts: list[str]) -> Any:
    """On a circle, in the order of the animals: a neighbour in the list is a near text."""
    angles = torch.tensor([next(i for i, word in enumerate(WORDS) if word in text) * 0.1 for text in texts])
    return torch.stack([angles.cos(), angles.sin()], 1)


def test_the_nearest_wrong_passages_are_taken_and_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "Random", None)
    negatives = with_negatives(ROWS, 2, 1.0, 1, embed)
    assert negatives[0] == [ROWS[1].passage, ROWS[2].passage]
    assert negatives[9] == [ROWS[8].passage, ROWS[7].passage]
    assert {*negatives[4]} == {ROWS[3].passage, ROWS[5].passage}


def test_any_others_stand_in_where_all_are_too_near_the_right_one() -> None:
    negatives = with_negatives(ROWS, 3, 0.1, 1, embed)
    for row, found in zip(ROWS, negatives, strict=True):
        assert len({*found}) == 3
        assert row.passage not in found
    assert negatives == with_negatives(ROWS, 3, 0.1, 1, embed)
    assert negatives != with_negatives(ROWS, 3, 0.1, 2, embed)


def test_a_passage_that_holds_the_answer_is_no_wrong_one() -> None:
    rows = [PairRow("Where?", "here", row.passage) for row in ROWS[:3]]
    assert with_negatives(rows, 2, 1.0, 1, lambda texts: torch.eye(len(texts))) == [[], [], []]


def test_what_a_row_names_comes_first_and_is_mined_for_no_other() -> None:
    named = [PairRow(row.question, passage=row.passage, negatives=("The yak is nowhere",)) for row in ROWS[:1]]
    negatives = with_negatives([*named, *ROWS[1:]], 2, 1.0, 1, embed)
    assert negatives[0] == ["The yak is nowhere", ROWS[1].passage]
    assert all("The yak is nowhere" not in found for found in negatives[1:])
