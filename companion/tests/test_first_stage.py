"""The search before a ranking model finds what the app's finds: `scripts/generate/companion-first-stage.ts`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attune_companion.data.candidates import with_priors
from attune_companion.data.first_stage import FirstStage
from attune_companion.data.languages import languages_of
from attune_companion.data.rows import PairRow
from attune_companion.data.words import WordIndex

GOLDEN = json.loads((Path(__file__).parent / "fixtures/first-stage.json").read_text())
PASSAGES = [
    PairRow("", passage=passage["text"], headings=tuple(passage["headings"]), document=passage["document"])
    for passage in GOLDEN["passages"]
]


@pytest.fixture(scope="module")
def stage() -> FirstStage:
    languages = languages_of((row.passage, row.document) for row in PASSAGES)
    assert set(languages) == {"en", "de", "fr", ""}
    vectors = [passage["vector"] for passage in GOLDEN["passages"]]
    return FirstStage([row.passage_text for row in PASSAGES], languages, vectors)


def test_fifty_questions_find_the_passages_of_the_app_in_its_order_and_with_its_scores(stage: FirstStage) -> None:
    assert len(GOLDEN["cases"]) == 50
    for case in GOLDEN["cases"]:
        found = stage.find(case["question"], case["vector"], GOLDEN["found"], set(case["wanted"]))
        assert [place for place, _ in found] == [place for place, _ in case["found"]], case["question"]
        assert [score for _, score in found] == pytest.approx([score for _, score in case["found"]], abs=1e-6)
        priors = with_priors(found, GOLDEN["searchWeight"])
        assert [prior for _, prior in priors] == pytest.approx([prior for _, prior in case["priors"]], abs=1e-5)


def test_a_word_is_looked_for_in_every_language_of_the_library() -> None:
    index = WordIndex(["Die Häuser brennen", "The houses burn", "El gato duerme", ""], ["de", "en", "es", ""])
    assert [place for place, _ in index.search("haus", 5, 1.2, 0.75)] == [0]
    assert [place for place, _ in index.search("house", 5, 1.2, 0.75)] == [1]
    assert index.search("the", 5, 1.2, 0.75)[0][0] == 1
    assert index.search("zebra", 5, 1.2, 0.75) == []
