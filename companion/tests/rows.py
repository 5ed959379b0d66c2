"""Rows to learn from: enough regularity for a tiny random model to get better at it."""

from __future__ import annotations

import json
from typing import Any

ANIMALS = ("cat", "dog", "owl", "fox", "bee", "cow", "hen", "elk", "ant", "eel")
PLACES = ("barn", "cave", "hive", "pond", "tree", "roof", "nest", "mine", "reef", "moor")


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def pairs(count: int = 40) -> list[dict[str, Any]]:
    """Questions with passages, a quarter of them marked as validation."""
    rows = []
    for i in range(count):
        animal, place = ANIMALS[i % 10], PLACES[(i * 3 + i // 10) % 10]
        passage = f"In report {i} the {animal} lives in the {place}."
        question = f"Where does the {animal} of report {i} live?"
        split = "validation" if i % 4 == 3 else "train"
        rows.append({"question": question, "answer": place, "passage": passage, "document": f"d{i}", "split": split})
    return rows


def chats(count: int = 24) -> list[dict[str, Any]]:
    """OpenAI's chat format."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"Say {ANIMALS[i % 10]}"},
                {"role": "assistant", "content": f"{ANIMALS[i % 10]}!"},
            ]
        }
        for i in range(count)
    ]


def preferences(count: int = 24) -> list[dict[str, Any]]:
    """OpenAI's preference format."""
    return [
        {
            "input": {"messages": [{"role": "user", "content": f"Question {i}"}]},
            "preferred_output": [{"role": "assistant", "content": f"aaaa {i}"}],
            "non_preferred_output": [{"role": "assistant", "content": f"zzzz {i}"}],
        }
        for i in range(count)
    ]


def votes(count: int = 24) -> list[dict[str, Any]]:
    """As the app exports them: `preferenceLines` of src/ui/screens/compare/duel/votes.ts."""
    return [
        {
            "prompt": [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"Question {i}"}],
            "chosen": [{"role": "assistant", "content": f"aaaa {i}"}],
            "rejected": [{"role": "assistant", "content": f"zzzz {i}"}],
            "chosen_model": "Tuned",
            "rejected_model": "Base",
            "judged_by": "user",
        }
        for i in range(count)
    ]
