"""What an answer model is shown while it learns."""

from __future__ import annotations

from attune_companion.data.recipe import PromptWriter
from attune_companion.data.rows import PairRow

SETTINGS = {"context": "passages", "passages": 4, "refusals": 1.0}
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
