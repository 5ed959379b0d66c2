"""Whether base, settings and method go together, before a job exists. Reads configurations and headers, no weights."""

from __future__ import annotations

import re
from typing import Any

from ..problems import Problem, bad_request
from ..serving.catalogue import BaseModel, has_pooler, positions_of, width_of
from .options import knobs_of

TAB_ONLY = ("negativesFrom", "packing")
"""Knobs of the app that a node has no use for: it knows the file's passages alone."""


def fit_to_base(base: BaseModel, method: str, settings: dict[str, Any]) -> list[str]:
    """
    Cuts `maxTokens` to what the base can read. Returns what the owner should know. Raises a problem for what the run
    would end with.
    """
    if method == "reranker" and not has_pooler(base.weights):
        raise without_pooler(base.id)
    if method == "embedder":
        matryoshka_sizes(settings["matryoshka"], width_of(base.folder))
    notes = []
    longest = positions_of(base.folder)
    if base.role == "embedder" and longest is not None and settings["maxTokens"] > longest:
        settings["maxTokens"] = longest
        notes.append(f"{base.id} reads no more than {longest} tokens: 'maxTokens' is {longest}.")
    knobs = knobs_of(method)
    unused = [name for name in TAB_ONLY if name in knobs and settings[name] != knobs[name]["default"]]
    return notes + [f"'{name}' changes nothing on a node." for name in unused]


def fit_search_to_base(base: BaseModel, method: str, search: dict[str, Any] | None) -> None:
    """Raises a problem for what a trial of a search would end with."""
    if method == "embedder" and search is not None:
        for sizes in search["space"].get("matryoshka", ()):
            matryoshka_sizes(sizes, width_of(base.folder))


def without_pooler(base: str) -> Problem:
    """400."""
    return bad_request("wrong_model", f"{base} has no pooler, which a ranking model scores with.", "model")


def matryoshka_sizes(text: str, full: int) -> list[int]:
    """'256, 128' -> [full, 256, 128]; empty: none."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if not all(re.fullmatch(r"[0-9]{1,6}", part) and 1 <= int(part) <= full for part in parts):
        raise bad_request("invalid_hyperparameter", f"'matryoshka' is no list of sizes from 1 to {full}.", "matryoshka")
    return sorted({full, *map(int, parts)}, reverse=True) if parts else []
