"""Words of texts and how well they match: BM25 as the app's index counts it (`src/retrieval/lexical`)."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import regex
import Stemmer

WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+(?:['\u2019]\p{L}[\p{L}\p{M}]*)*")
# Scripts written without spaces: their runs are cut into overlapping pairs.
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+")
MARKS = regex.compile(r"\p{M}+")
LONGEST_TERM = 64
MOST_OFTEN = 255
Place = tuple[int, float]
"""Of a passage, with its score."""


@cache
def search_data() -> dict[str, Any]:
    """The app's settings of a search and its languages, written by `scripts/generate/companion-search.ts`."""
    data: dict[str, Any] = json.loads(files("attune_companion.data").joinpath("search.json").read_text())
    return data


def normalise(word: str) -> str:
    return unicodedata.normalize("NFKC", word).lower().replace("\u2019", "'")


class Analyzer:
    """Text to terms of one language (ISO 639-1): lower case, Snowball stem, accents removed; unknown: unstemmed."""

    def __init__(self, language: str) -> None:
        data = search_data()["languages"].get(language)
        known = data is not None and data["stemmer"] in Stemmer.algorithms()
        self._stem = Stemmer.Stemmer(data["stemmer"]).stemWord if known else str
        self._stopwords = frozenset(data["stopwords"].split() if data else ())

    def words(self, text: str) -> list[tuple[str, str]]:
        """Every word in order, stop words included, as it stands and as its term."""
        found = []
        for match in WORD.findall(text):
            if len(match) > LONGEST_TERM:
                continue
            for run in UNSPACED.findall(match):
                found += [(pair, pair) for pair in map("".join, pairwise(run))] or [(run, run)]
            spaced = UNSPACED.sub(" ", match).strip()
            if spaced:
                found.append((spaced, self._term(spaced)))
        return found

    def query_words(self, query: str) -> list[tuple[str, str]]:
        """Without stop words, unless there is nothing else."""
        words = self.words(query)
        return [word for word in words if normalise(word[0]) not in self._stopwords] or words

    def _term(self, word: str) -> str:
        return MARKS.sub("", unicodedata.normalize("NFD", self._stem(normalise(word))))


analyzer_for = cache(Analyzer)


class WordIndex:
    """Passages by their words. A term is filed under its language, and a query is analysed once per language."""

    def __init__(self, texts: Sequence[str], languages: Sequence[str]) -> None:
        """`languages`: of each text; '' where it is not known."""
        self._languages = list(dict.fromkeys(languages))
        lists: dict[tuple[str, str], list[tuple[int, int]]] = {}
        lengths = np.zeros(len(texts))
        for place, (text, language) in enumerate(zip(texts, languages, strict=True)):
            terms = Counter(term for _, term in analyzer_for(language).words(text))
            lengths[place] = terms.total()
            for term, count in terms.items():
                lists.setdefault((language, term), []).append((place, min(count, MOST_OFTEN)))
        # Places and frequencies of each term [2, passages].
        self._lists = {key: np.array(entries).T for key, entries in lists.items()}
        self._live = int((lengths > 0).sum())
        self._relative = lengths / (lengths.sum() / max(1, self._live) or 1)
        self._scores = np.zeros(len(texts), np.float32)

    def search(self, query: str, limit: int, k1: float, b: float) -> list[Place]:
        """The best passages with one of the words, best first; ties by place."""
        self._scores[:] = 0
        for lists in self._lists_of(query):
            count = sum(entries.shape[1] for entries in lists)
            rarity = math.log(1 + (self._live - count + 0.5) / (count + 0.5))
            for places, frequencies in lists:
                damped = k1 * (1 - b + b * self._relative[places])
                self._scores[places] += rarity * frequencies / (frequencies + damped)
        touched = np.flatnonzero(self._scores)
        best = touched[np.argsort(-self._scores[touched], kind="stable")[:limit]]
        return [(int(place), float(self._scores[place])) for place in best]

    def _lists_of(self, query: str) -> list[list[Any]]:
        """For each word of the query its entries in every language of the index."""
        found: dict[str, dict[tuple[str, str], Any]] = {}
        for language in self._languages:
            for word, term in analyzer_for(language).query_words(query):
                if (language, term) in self._lists:
                    found.setdefault(word, {})[language, term] = self._lists[language, term]
        return [list(lists.values()) for lists in found.values()]
