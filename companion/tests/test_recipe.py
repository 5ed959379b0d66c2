"""The prompt form of answer models, the app's (`tests/unit/chat/answer-recipe.test.ts`), and what is shown in it."""

from __future__ import annotations

from typing import Any

from attune_companion.data.recipe import (
    CLOSED_BOOK_SYSTEM,
    REASONS_SYSTEM,
    REFUSAL,
    SYSTEM,
    Passage,
    PromptWriter,
    answer_turns,
    recipe,
)
from attune_companion.data.rows import PairRow
from attune_companion.training.options import read_settings

ROW = PairRow("How long?", "30  days", "Leave is 30 days.", "The section\non leave says so.")


def written(row: PairRow, **settings: Any) -> list[dict[str, str]]:
    values = read_settings("supervised", {"refusals": 0, **settings})
    return PromptWriter([row], values, 1).write(row, 0, lambda _: True)


def test_a_model_is_taught_in_the_form_in_which_its_card_says_it_is_asked() -> None:
    plain, reasoned = written(ROW), written(ROW, reasons=True)
    assert plain[-1]["content"] == "30 days [1]"
    assert reasoned[-1]["content"] == "Reason: The section on leave says so.\nAnswer: 30 days [1]"
    assert written(PairRow("How long?", "30", "It is 30."), reasons=True)[-1]["content"] == "Answer: 30 [1]"
    assert written(PairRow("How long?", "", "It is long."), reasons=True)[-1]["content"] == REFUSAL
    assert (plain[0]["content"], recipe(3, False)["system"]) == (SYSTEM, SYSTEM)
    assert (reasoned[0]["content"], recipe(3, True)["system"]) == (REASONS_SYSTEM, REASONS_SYSTEM)
    assert recipe(3, True)["reasons"] is True


def test_links_are_shown_as_their_words_and_pictures_not_at_all() -> None:
    text = "Ask the [People team](/handbook/people_(all)/) or [@ann](https://a.b). ![Map](m.png) See [1] and `a[0](b)`."
    shown = answer_turns([Passage(text, "[Leave](/leave)")], "Whom?")[1]["content"]
    assert "[1] Leave: Ask the People team or @ann. See [1] and `a[0](b)`." in shown


def test_without_context_question_and_answer_stand_alone() -> None:
    turns = [{"role": "user", "content": "How long?"}, {"role": "assistant", "content": "30 days"}]
    assert written(ROW, context="none") == turns


def test_by_heart_the_question_alone_is_asked_as_the_app_will() -> None:
    turns = written(ROW, learns="closed-book", reasons=True)
    assert [turn["content"] for turn in turns] == [CLOSED_BOOK_SYSTEM, "Question: How long?", "30 days"]
    assert written(PairRow("How long?", "", ""), learns="closed-book")[-1]["content"] == REFUSAL
    form = {"system": CLOSED_BOOK_SYSTEM, "passages": 0, "passageCharacters": 800, "refusal": REFUSAL}
    assert recipe(0, True) == form


SETTINGS = {"reasons": False, "learns": "passages", "context": "passages", "passages": 4, "refusals": 1.0}
ASKED = PairRow("Where do foxes sleep?", "in dens", "Foxes sleep in dens under the trees of the wood.")
ROWS = [
    ASKED,
    PairRow("When are foxes awake?", "at night", "Foxes sleep in dens under the trees of the wood, by day."),
    PairRow("Where are cubs born?", "beneath the ground", "Cubs are born in dens, in spring."),
    PairRow("What do badgers dig?", "setts", "Badgers dig setts."),
]


def test_a_refusal_shows_no_passage_that_holds_the_answer() -> None:
    turns = PromptWriter(ROWS, SETTINGS, 1).write(ASKED, 0, lambda _: True)
    assert turns[-1]["content"] == "Not in your documents."
    assert turns[1]["content"].splitlines() == ["[1] Badgers dig setts.", "Question: Where do foxes sleep?"]


def test_a_named_passage_that_holds_the_answer_is_not_shown_either() -> None:
    row = PairRow(ASKED.question, ASKED.answer, ASKED.passage, negatives=("Vixens sleep in dens.", "Owls fly."))
    content = PromptWriter(ROWS, SETTINGS, 1).write(row, 0, lambda _: True)[1]["content"]
    assert "Owls fly." in content
    assert "Vixens" not in content
