"""Knobs of a job: those of the app, by the same names and in the same ranges, and a few that only a node has."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any

from ..problems import bad_request

METHODS = ("supervised", "causal", "dpo", "embedder", "reranker")
TASKS = {"embedder": "embedder", "reranker": "reranker", "supervised": "generator", "causal": "generator"}

_NUMBER = {"kind": "number", "step": 0}
HELD_OUT = {**_NUMBER, "default": 0.1, "min": 0, "max": 0.5}
OWN_KNOBS: dict[str, dict[str, Any]] = {
    # Share of the rows that is set aside for judging where the file names no validation part.
    "heldOut": HELD_OUT,
}
GENERATOR_KNOBS: dict[str, dict[str, Any]] = {
    # passages: rows with a passage are learned with it among others; none: closed-book, question and answer alone.
    "context": {"kind": "choice", "default": "passages", "choices": [{"value": "passages"}, {"value": "none"}]},
}
DPO_KNOBS: dict[str, dict[str, Any]] = {
    # Strength of the pull towards the untuned model (Rafailov et al. 2023).
    "beta": {**_NUMBER, "default": 0.1, "min": 0.001, "max": 2},
}
# OpenAI's names of what the app calls otherwise.
ALIASES = {"n_epochs": "epochs", "batch_size": "batchSize"}


def role_of(method: str) -> str:
    """What a method's adapter becomes: embedder, reranker or generator."""
    return TASKS.get(method, "generator")


def knobs_of(method: str) -> dict[str, dict[str, Any]]:
    """All knobs of a method with defaults and ranges."""
    app = json.loads(files("attune_companion.training").joinpath("knobs.json").read_text())
    knobs = {**app[role_of(method)], **OWN_KNOBS}
    if method == "supervised":
        knobs |= GENERATOR_KNOBS
    if method == "dpo":
        # Smaller steps than for imitation: the reference holds the model back only softly.
        knobs |= DPO_KNOBS | {"learningRate": {**knobs["learningRate"], "default": 1e-4}}
    return knobs


def read_settings(method: str, hyperparameters: dict[str, Any]) -> dict[str, Any]:
    """
    All values of a method from what a request sets. Unlike the app's forms, which cut to the range, a request out of
    range is refused: nobody sees what was made of it.
    """
    knobs = knobs_of(method)
    values = {key: knob["default"] for key, knob in knobs.items()}
    for sent, value in hyperparameters.items():
        if value is None or value == "auto":
            continue
        if sent == "learning_rate_multiplier":
            factor = number(sent, value, 1e-4, 1e4)
            values["learningRate"] = min(0.1, max(1e-6, knobs["learningRate"]["default"] * factor))
            continue
        key = ALIASES.get(sent, sent)
        if key not in knobs:
            raise bad_request("unknown_hyperparameter", f"There is no hyper-parameter '{sent[:60]}'.", sent[:60])
        values[key] = read_value(sent, knobs[key], value)
    return values


def read_value(name: str, knob: dict[str, Any], value: Any) -> Any:
    """One value in its range."""
    kind = knob["kind"]
    if kind == "number":
        read = number(name, value, knob["min"], knob["max"])
        return round(read) if knob["step"] >= 1 else read
    if kind == "switch" and isinstance(value, bool):
        return value
    if kind == "text" and isinstance(value, str) and len(value) <= knob["maxLength"]:
        return value
    if kind == "choice" and value in [choice["value"] for choice in knob["choices"]]:
        return value
    raise bad_request("invalid_hyperparameter", f"The value of '{name}' is none that it can have.", name)


def number(name: str, value: Any, low: float, high: float) -> float:
    """A finite number in a range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise bad_request("invalid_hyperparameter", f"'{name}' is no number.", name)
    if not low <= value <= high:
        raise bad_request("invalid_hyperparameter", f"'{name}' has to lie between {low} and {high}.", name)
    return value
