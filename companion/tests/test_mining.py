"""Wrong passages to learn from: those that look right first, and any when there are too few of them."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from attune_companion.data.mining import with_negatives
from attune_companion.data.rows import PairRow

WORDS = ["owl", "fox", "bee", "cow", "hen", "elk", "ant", "eel", "cat", "dog"]
ROWS = [
    PairRow(f"Where is the {word}?", passage=f"The {word} lives {i} miles from here") for i, word in enumerate(WORDS)
]


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
    assert with_negatives(rows, 2, 1.0, 1, lambda texts: torch.eye(3)[: len(texts)]) == [[], [], []]
