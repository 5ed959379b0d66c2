"""JSONL as it may come from anywhere: every refusal names the row and the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from ..problems import Problem

MOST_ROWS = 5_000_000


def bad_row(row: int, reason: str) -> Problem:
    """400. The reason holds no text of the row."""
    message = f"Row {row} of the file cannot be used: {reason}. Correct or remove it and upload the file again."
    return Problem(400, "invalid_training_file", message, "training_file")


def read_jsonl(path: Path, longest: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """
    The objects of a file with their rows, from 1; blank lines are passed over.

    `longest`: bytes of a row. Raises a problem for anything that is no JSON object.
    """
    with path.open("rb") as file:
        row = 0
        while line := file.readline(longest + 1):
            row += 1
            if len(line) > longest:
                raise bad_row(row, f"it is longer than {longest} bytes")
            if row > MOST_ROWS:
                raise bad_row(row, f"the file has more than {MOST_ROWS} rows")
            if line.strip():
                yield row, read_object(row, line)


def read_object(row: int, line: bytes) -> dict[str, Any]:
    """One line. Python's parser would take NaN and infinities, which are no JSON and poison a loss."""

    def refuse(name: str) -> NoReturn:
        raise bad_row(row, f"it holds {name}, which is no number of JSON")

    try:
        value = json.loads(line.decode("utf-8").removeprefix("\ufeff"), parse_constant=refuse)
    except UnicodeDecodeError:
        raise bad_row(row, "it is not UTF-8") from None
    except RecursionError:
        raise bad_row(row, "it is nested too deeply") from None
    except ValueError as error:
        reason = getattr(error, "msg", "it is malformed")
        raise bad_row(row, f"it is no JSON ({reason})") from None
    if b"\\u" in line and not is_text(value):
        raise bad_row(row, "it holds half of a surrogate pair, which is no text")
    if not isinstance(value, dict):
        raise bad_row(row, "it is no object")
    return value


def is_text(value: Any) -> bool:
    """JSON may escape halves of characters, which no tokenizer reads."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
