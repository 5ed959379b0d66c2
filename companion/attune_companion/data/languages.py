"""In which language a document is written: its words are stemmed by it (`src/ingest/language.ts`)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import regex

LEAST_LETTERS, LEAST_OF_SHORT = 120, 40
SAMPLE_LETTERS = 1200
MISTAKEN = {"eo", "la", "rw", "vo", "xh", "zu"}
"""Rarely meant, and found for the sake of one name."""
_NO_WORDS = regex.compile(r"https?:\S+|[^\p{L}\s'\u2019]+")


@cache
def identifier() -> Any:
    """Loaded when first needed: it takes a second or two."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages(sorted(set(found.nb_classes) - MISTAKEN))
    return found


def languages_of(passages: Iterable[tuple[str, str]]) -> list[str]:
    """
    Of each passage (text, document) the language of its document, as ISO 639-1; '' where nothing tells it. A document
    of few words is taken to be in the language of all together, where the app takes the reader's; one or two words are
    of none. A passage without a document is one of its own.
    """
    passages = list(passages)
    texts: dict[str, list[str]] = {}
    for text, document in passages:
        texts.setdefault(document or f"text {text}", []).append(text)
    common = language_of("\n".join(text for parts in texts.values() for text in parts), "")
    known = {document: language_of("\n".join(parts), common) for document, parts in texts.items()}
    return [known[document or f"text {text}"] for text, document in passages]


def language_of(text: str, otherwise: str) -> str:
    """By letters from three places: beginnings are often headers and legal notes in another language."""
    third = SAMPLE_LETTERS // 3
    starts = (0,) if len(text) <= SAMPLE_LETTERS else tuple(int(len(text) * share) for share in (0, 0.4, 0.8))
    size = SAMPLE_LETTERS if len(starts) == 1 else third
    sample = " ".join(_NO_WORDS.sub(" ", " ".join(text[start : start + size] for start in starts)).split())
    if len(sample) >= LEAST_LETTERS:
        return str(identifier().classify(sample)[0])
    return otherwise if len(sample) >= LEAST_OF_SHORT else ""
