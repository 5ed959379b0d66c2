"""Where a run on a cluster leaves its news: a process of its own, and a module that loads no library for it."""

from __future__ import annotations

from typing import Any

from ..problems import Problem
from ..training.contract import Outcome


class Desk:
    """Where the first worker leaves news and reads what is wanted; the driver empties it."""

    def __init__(self) -> None:
        self._news: list[tuple[str, tuple[Any, ...]]] = []
        self._wanted: str | None = None
        self._outcome: Outcome | None = None
        self._problem: Problem | None = None

    def tell(self, kind: str, *values: Any) -> None:
        self._news.append((kind, values))

    def take(self, wanted: str | None) -> list[tuple[str, tuple[Any, ...]]]:
        """The news since; `wanted` is passed the other way."""
        self._wanted = wanted
        news, self._news = self._news, []
        return news

    def wanted(self) -> str | None:
        return self._wanted

    def end(self, outcome: Outcome | None, problem: Problem | None) -> None:
        self._outcome, self._problem = outcome, problem

    def result(self) -> tuple[Outcome | None, Problem | None]:
        return self._outcome, self._problem


def pass_on(news: list[tuple[str, tuple[Any, ...]]], reporter: Any) -> None:
    """From the desk to the database."""
    for kind, values in news:
        getattr(reporter, kind)(*values)
