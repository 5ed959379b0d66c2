"""Flags and their environment variables, without a service."""

from __future__ import annotations

import pytest

from attune_companion.cli import parser, settings_of

LOCAL = ("http://localhost:4173", "http://127.0.0.1:4173")
PAGES = ("https://attune.example.lan", "https://other.example.lan")


def origins(*flags: str) -> tuple[str, ...]:
    return settings_of(parser().parse_args(flags)).origins


def test_pages_that_are_named_take_the_place_of_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert origins() == LOCAL
    assert origins("--origin", PAGES[0], "--origin", PAGES[1]) == PAGES
    monkeypatch.setenv("ATTUNE_ORIGIN", ",".join(PAGES))
    assert origins() == PAGES
    assert origins("--origin", LOCAL[0]) == LOCAL[:1]
