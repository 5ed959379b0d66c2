"""What a base model cannot do is said before there is a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from attune_companion.problems import Problem
from attune_companion.serving.catalogue import find_model
from attune_companion.settings import Settings
from attune_companion.training.fitting import fit_to_base
from attune_companion.training.options import read_settings

from .rows import jsonl, pairs
from .service import Service
from .test_jobs import QUICK


def fitted(models: Path, base: str, method: str, **values: Any) -> tuple[dict[str, Any], list[str]]:
    settings = read_settings(method, values)
    return settings, fit_to_base(find_model(Settings(models, (models,)), base), method, settings)


def test_no_more_tokens_are_read_than_an_encoder_has_positions_for(models: Path) -> None:
    settings, notes = fitted(models, "tiny-bert", "embedder", maxTokens=512)
    assert settings["maxTokens"] == 128
    assert "128" in notes[0]
    assert fitted(models, "tiny-bert", "embedder", maxTokens=64)[1] == []


@pytest.mark.parametrize("sizes", ["many", "64", "0", "²", "16, 99999999999"])
def test_matryoshka_sizes_that_the_base_does_not_have_are_refused(models: Path, sizes: str) -> None:
    with pytest.raises(Problem) as raised:
        fitted(models, "tiny-bert", "embedder", matryoshka=sizes)
    assert raised.value.param == "matryoshka"


def test_matryoshka_sizes_of_a_search_are_looked_at_before_its_first_trial(service: Service) -> None:
    file = service.upload(jsonl(pairs(40)))

    def search(*sizes: str) -> Any:
        options = {"search": {"trials": 1, "space": {"matryoshka": list(sizes)}}}
        return service.job("embedder", "tiny-bert", file, options=options, hyperparameters=QUICK)

    with pytest.raises(openai.BadRequestError) as refused:
        search("16", "16, 64")
    assert refused.value.param == "matryoshka"
    assert service.wait(search("16", "").id, "succeeded").fine_tuned_model


def test_a_base_without_pooler_is_refused_for_ranking_alone(models: Path) -> None:
    with pytest.raises(Problem) as raised:
        fitted(models, "no-pooler", "reranker")
    assert raised.value.code == "wrong_model"
    fitted(models, "no-pooler", "embedder")
    fitted(models, "tiny-bert", "reranker")


def test_knobs_that_change_nothing_here_are_named_where_they_are_set(models: Path) -> None:
    short = {"maxTokens": 64}
    assert fitted(models, "tiny-bert", "embedder", **short, negativesFrom="workspace")[1] == [
        "'negativesFrom' changes nothing on a node."
    ]
    assert fitted(models, "tiny-llama", "supervised", packing=True)[1] == ["'packing' changes nothing on a node."]
    assert fitted(models, "tiny-llama", "supervised")[1] == []
    # Ranking models stand behind the search here as in the app.
    assert fitted(models, "tiny-bert", "reranker", **short, searchWeight=5)[1] == []
