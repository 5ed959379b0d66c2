"""What callers write where a number belongs."""

from __future__ import annotations

from pathlib import Path

import pytest

from attune_companion.numbers import natural
from attune_companion.problems import Problem
from attune_companion.store.adapters import folder_of

from .test_worker import node


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("20", 20), ("9" * 18, 10**18 - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert natural(text) == number


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "+1", "1.0", " 1", "1\n", "1_0", "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    assert natural(text) is None


@pytest.mark.parametrize("step", ["²", "20", ""])
def test_a_checkpoint_that_is_not_there_is_not_found(tmp_path: Path, step: str) -> None:
    settings, database, spec = node(tmp_path)
    with pytest.raises(Problem) as raised:
        folder_of(settings, database, f"ft:tiny:{spec.id[-8:]}:ckpt-step-{step}")
    assert raised.value.status == 404
