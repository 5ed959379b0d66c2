"""The form in which a small generator is tuned to answer: `src/chat/prompt/answer-recipe.ts`, to the letter."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .negative_guard import NegativeGuard
from .rows import Message, PairRow

SYSTEM = "Answer from the passages and cite the one that says it, like [1]."
REASONS_SYSTEM = "Say why from the passages, then answer and cite the one that says it, like [1]."
CLOSED_BOOK_SYSTEM = "Answer the question in a few words."
REFUSAL = "Not in your documents."
PASSAGE_CHARACTERS = 800
FEWEST_CHARACTERS = 60
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w{3,}")
# As in `src/markdown/links.ts`; no calls as `a[0](b)`.
_PICTURE = r"!\[[^\]\n]*\]\([^)\n]*\)"
_LINK = r"\[([^\]\n]+)\]\((?:[^()\n]|\([^()\n]*\))*\)"
_MARKUP = re.compile(rf"{_PICTURE}|(?<!\w){_LINK}")

Fits = Callable[[list[Message]], bool]
"""Whether a conversation is short enough."""


@dataclass(frozen=True)
class Passage:
    """A passage as a prompt shows it."""

    text: str
    heading: str = ""


def recipe(passages: int, reasons: bool) -> dict[str, Any]:
    """What travels with an adapter, so that it is asked as it was taught (`AnswerRecipe`); 0 passages: by heart."""
    form = {"passages": passages, "passageCharacters": PASSAGE_CHARACTERS, "refusal": REFUSAL}
    if passages == 0:
        return {"system": CLOSED_BOOK_SYSTEM, **form}
    return {"system": REASONS_SYSTEM, **form, "reasons": True} if reasons else {"system": SYSTEM, **form}


def without_links(text: str) -> str:
    """A link's words stand for it: small models copy its brackets, and its address only costs tokens. Pictures go."""
    return _MARKUP.sub(lambda found: found[1] or "", text)


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def answer_turns(
    passages: list[Passage], question: str, characters: int = PASSAGE_CHARACTERS, system: str = SYSTEM
) -> list[Message]:
    """The conversation up to the answer: instruction, passages numbered from 1, question."""
    lines = []
    for i, passage in enumerate(passages):
        part = reading_window(without_links(passage.text), question, characters)
        heading = without_links(passage.heading)
        lines.append(f"[{i + 1}] {one_line(f'{heading}: {part}' if heading else part)}")
    content = "\n".join([*lines, f"Question: {one_line(question)}"])
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


def reading_window(text: str, question: str, characters: int) -> str:
    """As many whole sentences as fit, around the one that shares the most words with the question."""
    whole = text.strip()
    if len(whole) <= characters:
        return whole
    ends = [match.start() for match in _SENTENCE_END.finditer(whole)] + [len(whole)]
    starts = [0] + [match.end() for match in _SENTENCE_END.finditer(whole)]
    words = set(_WORD.findall(question.lower()))
    shared = [
        len(words & set(_WORD.findall(whole[start:end].lower()))) for start, end in zip(starts, ends, strict=True)
    ]
    first = last = shared.index(max(shared))
    while True:
        if last + 1 < len(ends) and ends[last + 1] - starts[first] <= characters:
            last += 1
        elif first > 0 and ends[last] - starts[first - 1] <= characters:
            first -= 1
        else:
            return whole[starts[first] : ends[last]][:characters]


class PromptWriter:
    """Writes rows as conversations: the right passage among others, refusals where it was taken away."""

    def __init__(self, rows: list[PairRow], settings: dict[str, Any], seed: int) -> None:
        """`rows`: those whose passages are shown."""
        self._settings = settings
        self._seed = seed
        self._guard = NegativeGuard(rows)
        self._pool = list(dict.fromkeys((row.passage_text, row) for row in rows if row.passage))

    def write(self, row: PairRow, index: int, fits: Fits, judged: bool = False) -> list[Message]:
        """
        A row as a conversation that ends with the answer; passages are shortened until it `fits`.

        `judged`: for validation, where the passage is always there.
        """
        if self._settings["learns"] == "closed-book":
            turns = answer_turns([], row.question, system=CLOSED_BOOK_SYSTEM)
            return [*turns, {"role": "assistant", "content": one_line(row.answer) or REFUSAL}]
        if self._settings["context"] == "none" or not row.passage:
            ask = [{"role": "user", "content": one_line(row.question)}]
            return [*ask, {"role": "assistant", "content": one_line(row.answer) or REFUSAL}]
        draw = random.Random(f"{self._seed}/{index}/{judged}")  # noqa: S311
        count = self._settings["passages"]
        right = passage_of(row)
        others = self._others(row, draw, count)
        refuses = not row.answer or (not judged and bool(others) and draw.random() < self._settings["refusals"])
        shown = others[:count] if refuses and row.answer else [right, *others[: count - 1]]
        draw.shuffle(shown)
        target = REFUSAL if refuses else self._target(row, shown.index(right) + 1)
        system = REASONS_SYSTEM if self._settings["reasons"] else SYSTEM
        characters = PASSAGE_CHARACTERS
        while True:
            turns = [*answer_turns(shown, row.question, characters, system), {"role": "assistant", "content": target}]
            if characters < FEWEST_CHARACTERS or fits(turns):
                return turns
            characters = characters * 3 // 4

    def _target(self, row: PairRow, number: int) -> str:
        """The answer with the number of its passage; the reason before it, where that is to be learned."""
        answer = f"{one_line(row.answer)} [{number}]"
        if not self._settings["reasons"]:
            return answer
        return f"Reason: {one_line(row.thought)}\nAnswer: {answer}" if row.thought else f"Answer: {answer}"

    def _others(self, row: PairRow, draw: random.Random, count: int) -> list[Passage]:
        """
        Passages that look right and are not: those that the row names, then those of its document, then others. One
        that holds the answer is none: shown alone, it would teach to refuse what stands there.
        """
        named = [(text, Passage(text)) for text in row.negatives]
        draw.shuffle(named)
        pool = draw.sample(self._pool, min(len(self._pool), 8 * count + 8))
        pool.sort(key=lambda entry: entry[1].document != row.document)
        shown = [*named, *((text, passage_of(other)) for text, other in pool)]
        return [passage for text, passage in shown if self._guard.is_wrong(row, text)][:count]


def passage_of(row: PairRow) -> Passage:
    """A row's passage under its innermost heading."""
    return Passage(row.passage, row.headings[-1] if row.headings else "")
