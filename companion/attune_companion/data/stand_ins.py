"""Rows of nobody, to measure with: common words in the lengths that a job would read."""

from __future__ import annotations

import random
from typing import Any

from .rows import ChatRow, PairRow, PreferenceRow, TextRow

COMMON = (
    "the of and to in is that for it was on are as with they be at one have this from or had by not what all were when "
    "we there can an your which their said if do will each about how up out them then she many some so these would "
    "other into has more her two like him see time could no make than first been its who now people my made over did "
    "down only way find use may water long little very after words called just where most know get through back"
)
CHARACTERS_PER_TOKEN = 8
"""More than any tokenizer of words makes of these: a text of so many characters per token is cut, not padded."""
NAMES = ("question", "answer", "passage")


def longest(max_tokens: int) -> dict[str, int]:
    """Characters of texts that fill what the model reads. Questions are short: behind them an answer has to fit."""
    full = max_tokens * CHARACTERS_PER_TOKEN
    return {"question": max(1, max_tokens // 4), "answer": full, "passage": full}


def stand_ins(method: str, settings: dict[str, Any], count: int, characters: dict[str, int]) -> list[Any]:
    """As many different rows as a method learns from, with texts of so many characters."""
    words = COMMON.split()
    draw = random.Random(count)  # noqa: S311

    def text(name: str) -> str:
        size = characters[name]
        return " ".join(draw.choices(words, k=size // 4 + 1))[: max(1, size)]

    def row() -> Any:
        question, answer, passage = (text(name) for name in NAMES)
        if method == "causal":
            return TextRow(passage)
        ask = {"role": "user", "content": question}
        if method == "dpo":
            return PreferenceRow((ask,), answer, text("answer"))
        if method == "supervised" and (settings["context"] == "none" or settings["learns"] == "closed-book"):
            return ChatRow((ask, {"role": "assistant", "content": answer}), (False, True))
        negatives = tuple(text("passage") for _ in range(settings.get("hardNegatives", 0)))
        return PairRow(question, answer, passage, negatives=negatives)

    return [row() for _ in range(count)]
