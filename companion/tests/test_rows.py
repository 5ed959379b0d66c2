"""What is refused in a training file, with row and reason, before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attune_companion.data.load import check_file, limited, load_parts
from attune_companion.data.rows import PairRow, TextRow
from attune_companion.problems import Problem

from .rows import chats, jsonl, pairs, preferences, votes

GOOD = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
BAD: list[tuple[str, str, str]] = [
    ("supervised", "{not json}", "no JSON"),
    ("supervised", "[1, 2]", "no object"),
    ("supervised", '{"messages": []}', "no list of messages"),
    ("supervised", '{"messages": [{"role": "user", "content": "a"}]}', "no message of the assistant"),
    ("supervised", '{"messages": [{"role": "robot", "content": "a"}]}', "role"),
    ("supervised", '{"messages": [{"role": "assistant", "content": NaN}]}', "NaN"),
    ("supervised", '{"question": "a"}', "neither messages nor an answer"),
    ("supervised", '{"a": ' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    ("causal", '{"text": 3}', "not text"),
    ("causal", '{"text": "half \\ud83d"}', "half of a surrogate pair"),
    ("causal", '{"text": "  "}', "empty"),
    ("causal", '{"text": "a", "weight": Infinity}', "Infinity"),
    ("dpo", '{"prompt": "a", "chosen": "b", "rejected": "b"}', "the same"),
    ("dpo", '{"prompt": [], "chosen": "b", "rejected": "c"}', "no list of messages"),
    ("dpo", '{"prompt": "a", "chosen": [], "rejected": "c"}', "no list of messages"),
    ("embedder", '{"question": "a"}', "passage is missing"),
    ("embedder", '{"question": "a", "passage": "b", "split": "test"}', "part test"),
    ("reranker", '{"question": "a", "passage": "b", "negatives": [1]}', "negative is not text"),
]


@pytest.mark.parametrize(("method", "line", "reason"), BAD)
def test_a_bad_row_is_named_with_its_reason(tmp_path: Path, method: str, line: str, reason: str) -> None:
    good = {"supervised": GOOD, "causal": '{"text": "a"}\n', "dpo": jsonl(preferences(1))}.get(method, jsonl(pairs(1)))
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{good}\n{line}\n")
    with pytest.raises(Problem) as raised:
        check_file(path, method, 2**20)
    assert raised.value.status == 400
    assert "Row 3 " in raised.value.message
    assert reason in raised.value.message


def test_text_of_a_row_is_never_in_the_message(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "the secret of the owner"\n')
    with pytest.raises(Problem) as raised:
        check_file(path, "causal", 2**20)
    assert "secret" not in raised.value.message


def test_rows_that_are_not_utf8_or_too_long_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"text": "\xff"}\n')
    with pytest.raises(Problem, match="not UTF-8"):
        check_file(path, "causal", 2**20)
    path.write_text(json.dumps({"text": "a" * 100}))
    with pytest.raises(Problem, match="longer than 50 bytes"):
        check_file(path, "causal", 50)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n\n")
    with pytest.raises(Problem, match="no rows"):
        check_file(path, "causal", 2**20)


def test_a_file_of_nothing_but_validation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl([{**row, "split": "validation"} for row in pairs(4)]))
    with pytest.raises(Problem, match="marked as validation"):
        check_file(path, "embedder", 2**20, alone=True)
    assert check_file(path, "embedder", 2**20) == 4


def test_votes_are_read_as_the_app_exports_them(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text(jsonl(votes(2)))
    row = load_parts(path, None, "dpo", 2**20, 0, 1).train[1]
    assert [turn["role"] for turn in row.prompt] == ["system", "user"]
    assert (row.prompt[1]["content"], row.chosen, row.rejected) == ("Question 1", "aaaa 1", "zzzz 1")


def test_a_validation_file_is_what_is_judged_with(tmp_path: Path) -> None:
    training, validation = tmp_path / "training.jsonl", tmp_path / "validation.jsonl"
    training.write_text(jsonl(chats(30)))
    validation.write_text(jsonl(chats(3)))
    parts = load_parts(training, validation, "supervised", 2**20, 0.5, 1)
    assert (len(parts.train), len(parts.validation)) == (30, 3)


def test_validation_rows_are_taken_as_marked(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(pairs(40)))
    parts = load_parts(path, None, "embedder", 2**20, 0.1, 1)
    assert len(parts.train) == 30
    assert {row.split for row in parts.validation} == {"validation"}


def test_what_is_held_out_shares_no_document_with_the_rest(tmp_path: Path) -> None:
    rows = [{**row, "document": f"d{i // 4}", "split": ""} for i, row in enumerate(pairs(40))]
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(rows))
    parts = load_parts(path, None, "embedder", 2**20, 0.2, 1)
    held = {row.document for row in parts.validation}
    assert held
    assert not held & {row.document for row in parts.train}
    assert load_parts(path, None, "embedder", 2**20, 0.2, 1).validation == parts.validation


def test_rows_are_limited_by_whole_questions_and_a_higher_limit_takes_more_of_the_same() -> None:
    rows = [PairRow(f"Question {i % 10}?", passage=f"Passage {i}") for i in range(30)]
    assert limited(rows, 0, 1) == limited(rows, 10, 1) == rows
    few, more = limited(rows, 4, 1), limited(rows, 8, 1)
    assert len(few) == 12
    assert set(few) < set(more)
    assert limited(rows, 4, 1) == few != limited(rows, 4, 2)
    assert len(limited([TextRow("a"), TextRow("a"), TextRow("b")], 2, 1)) == 2


def test_few_rows_are_all_learned_from(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(jsonl(chats(10)))
    assert load_parts(path, None, "supervised", 2**20, 0.1, 1).validation == []
