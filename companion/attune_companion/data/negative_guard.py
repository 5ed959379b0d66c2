"""Which passages may stand as wrong ones: `src/training/negative-guard.ts`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .rows import PairRow

NEAR_DUPLICATE = 0.5


class NegativeGuard:
    """
    Keeps passages from standing as wrong ones that most likely are right and were not marked: the right ones of the
    same question, what says nearly the same, and what holds the answer in so many words.
    """

    def __init__(self, rows: Iterable[PairRow]) -> None:
        self._right: dict[str, set[str]] = {}
        self._shingles: dict[str, set[tuple[str, ...]]] = {}
        for row in rows:
            self._right.setdefault(plain(row.question), set()).add(row.passage_text)

    def right(self, row: PairRow) -> set[str]:
        """Right passages of a row's question, wherever they stand."""
        return self._right.get(plain(row.question), {row.passage_text})

    def is_wrong(self, row: PairRow, text: str) -> bool:
        """Whether a passage may be taken for a wrong one."""
        answer = plain(row.answer)
        held = len(answer) > 3 and f" {answer} " in f" {plain(text)} "
        if held or text in self.right(row):
            return False
        return jaccard(self._shingled(row.passage_text), self._shingled(text)) < NEAR_DUPLICATE

    def _shingled(self, text: str) -> set[tuple[str, ...]]:
        if text not in self._shingles:
            self._shingles[text] = shingles(text)
        return self._shingles[text]


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def shingles(text: str) -> set[tuple[str, ...]]:
    """Word triples."""
    words = plain(text).split()
    return {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


def jaccard(a: set[Any], b: set[Any]) -> float:
    return len(a & b) / max(1, len(a | b))
