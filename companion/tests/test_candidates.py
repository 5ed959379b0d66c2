"""What a ranking model is shown, and that it learns to correct the search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from attune_companion.data.candidates import shown_passages
from attune_companion.data.mining import mining_pool
from attune_companion.data.rows import PairRow
from attune_companion.serving.catalogue import find_model
from attune_companion.serving.load import load_reranker, prepared
from attune_companion.settings import Settings
from attune_companion.training.options import read_settings
from attune_companion.training.reranker import CandidateLoss

QUESTION = "Which fox shares the oak with an owl at night?"
TEXTS = (
    "The fox sleeps under the oak.",
    "The owl and the fox share the oak at night.",
    "A fox under an oak is seldom seen by day.",
    "The whale sings in the sea.",
    "A hammer lies beside the saw.",
)
VECTORS = torch.tensor([[0.8, 0.6], [1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])


def shown(row: PairRow, seed: int = 1, **settings: Any) -> list[tuple[str, float]]:
    """Texts of the passages that the row is shown, with what the search thinks of them."""
    rows = [row, *(PairRow(f"Question {i}", passage=text) for i, text in enumerate(TEXTS) if text != row.passage)]
    pool = [passage.text for passage in mining_pool(rows)]
    vectors = torch.stack([VECTORS[TEXTS.index(text)] if text in TEXTS else VECTORS[4] for text in pool])
    knobs = {**read_settings("reranker", {"hardNegatives": 2}), "candidates": 5, **settings}
    found = shown_passages(rows, knobs, seed, vectors, VECTORS[[1] * len(rows)])
    return [(pool[place], prior) for place, prior in found[0]]


def test_the_right_passage_is_first_and_better_ones_stand_beside_it() -> None:
    (right, prior), *others = shown(PairRow(QUESTION, passage=TEXTS[2]), hardNegatives=4)
    assert right == TEXTS[2]
    assert dict(others)[TEXTS[1]] == 20
    assert 0 < prior < 20
    assert shown(PairRow(QUESTION, passage=TEXTS[2]), hardNegatives=4, searchWeight=0)[0] == (TEXTS[2], 0)


def test_what_is_found_is_drawn_from_and_nothing_that_holds_the_answer() -> None:
    row = PairRow(QUESTION, answer="the owl and the fox", passage=TEXTS[0])
    drawn = [{text for text, _ in shown(row, seed)[1:]} for seed in range(20)]
    assert all(len(texts) == 2 for texts in drawn)
    assert set.union(*drawn) == {*TEXTS} - {TEXTS[0], TEXTS[1]}


def test_what_the_row_names_comes_first_with_its_score_and_the_rest_is_drawn_without() -> None:
    row = PairRow(QUESTION, passage=TEXTS[0], negatives=("An oak is a tree.",))
    named, other = shown(row, candidates=2)[1:]
    assert named[0] == "An oak is a tree."
    assert named[1] > 0
    rest = [shown(row, seed, candidates=2)[2] for seed in range(20)]
    assert {prior for text, prior in rest if text != TEXTS[1]} <= {0.0}
    assert other in rest


@pytest.mark.parametrize("loss", ["listwise", "pointwise"])
def test_the_loss_is_that_of_search_and_model_together(tmp_path: Path, models: Path, loss: str) -> None:
    settings = Settings(tmp_path, (models,))
    settings.make_folders()
    model = load_reranker(prepared(find_model(settings, "tiny-bert"), settings), 64)
    torch.nn.init.zeros_(model[0].model.classifier.weight)
    priors = torch.tensor([[1.0, 3.0, 0.0]])
    found = CandidateLoss(model, loss, 8)([[QUESTION], [list(TEXTS[:3])]], list(priors))
    wanted = torch.tensor([[1.0, 0.0, 0.0]])
    functions = torch.nn.functional
    expected = (
        functions.cross_entropy(priors, torch.tensor([0]))
        if loss == "listwise"
        else functions.binary_cross_entropy_with_logits(priors, wanted)
    )
    assert float(found) == pytest.approx(float(expected), rel=1e-6)
