"""Hyper-parameters: the app's names and the protocol's, in their ranges."""

from __future__ import annotations

from typing import Any

import pytest

from attune_companion.problems import Problem
from attune_companion.training.options import METHODS, read_settings


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_defaults(method: str) -> None:
    settings = read_settings(method, {})
    assert settings["rank"] == 8
    assert settings["learningRate"] > 0


def test_names_of_the_protocol_mean_the_same_as_those_of_the_app() -> None:
    theirs = read_settings("embedder", {"n_epochs": 2, "batch_size": 16, "learning_rate_multiplier": 2})
    ours = read_settings("embedder", {"epochs": 2, "batchSize": 16, "learningRate": 2e-3})
    assert theirs == ours
    assert read_settings("embedder", {"n_epochs": "auto"}) == read_settings("embedder", {})


@pytest.mark.parametrize(
    "values",
    [{"rank": 1000}, {"rank": "8"}, {"epochs": float("nan")}, {"targets": "some"}, {"dropout": True}, {"evil": 1}],
)
def test_what_is_out_of_range_is_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        read_settings("embedder", values)
    assert raised.value.param == next(iter(values))
