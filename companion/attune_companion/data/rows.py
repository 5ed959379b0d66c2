"""Rows of training files: OpenAI's chat and preference formats, plain text, and the rows that Attune exports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .jsonl import bad_row

Message = dict[str, str]

# Names under which each part is found, without case, spaces and underscores: as in src/datasets/formats/columns.ts.
COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("question", "query", "anchor", "instruction", "prompt", "input"),
    "answer": ("answer", "answers", "response", "output", "completion"),
    "thought": ("thought", "rationale", "reasoning", "explanation", "cotanswer"),
    "passage": ("passage", "context", "positive", "text", "oraclecontext"),
    "headings": ("headings", "heading", "section"),
    "document": ("document", "documents", "source", "path", "file", "docid", "docids", "title"),
    "negatives": ("negatives", "negative", "distractors", "hardnegatives"),
    "split": ("split", "part", "subset"),
}
SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation", "dev": "validation"}
ROLES = ("system", "developer", "user", "assistant")


@dataclass(frozen=True)
class PairRow:
    """A question with its answer and the passage that holds it."""

    question: str
    answer: str = ""
    passage: str = ""
    thought: str = ""
    """Why the answer is right: learned where `reasons` is on."""
    headings: tuple[str, ...] = ()
    document: str = ""
    negatives: tuple[str, ...] = ()
    split: str = "train"

    @property
    def passage_text(self) -> str:
        """What is embedded of a passage: its headings say what the text alone often does not."""
        return f"{' > '.join(self.headings)}\n{self.passage}" if self.headings else self.passage


@dataclass(frozen=True)
class ChatRow:
    """A conversation; `learned` says of each message whether the model learns to say it."""

    messages: tuple[Message, ...]
    learned: tuple[bool, ...]


@dataclass(frozen=True)
class PreferenceRow:
    """A conversation with two answers, of which the first was preferred."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


@dataclass(frozen=True)
class TextRow:
    """Text to go on learning from."""

    text: str


Row = PairRow | ChatRow | PreferenceRow | TextRow


@dataclass
class Parts:
    """What is learned from, and what is only judged with."""

    train: list[Any] = field(default_factory=list)
    validation: list[Any] = field(default_factory=list)


def read_row(method: str, row: int, record: dict[str, Any]) -> Row:
    """A record as the method needs it. Raises a problem that names the row."""
    if method == "causal":
        return TextRow(text_of(row, record.get("text"), "the text"))
    if method == "dpo":
        return preference(row, record)
    if method == "supervised" and "messages" in record:
        return conversation(row, record["messages"])
    pair = read_pair(row, record)
    if method == "supervised" and not pair.answer and not pair.passage:
        raise bad_row(row, "it has neither messages nor an answer")
    if method in ("embedder", "reranker") and not pair.passage:
        raise bad_row(row, "the passage is missing")
    return pair


def text_of(row: int, value: Any, what: str) -> str:
    """Text that is there and not empty."""
    if not isinstance(value, str):
        raise bad_row(row, f"{what} is {'missing' if value is None else 'not text'}")
    if not value.strip():
        raise bad_row(row, f"{what} is empty")
    return value.strip()


def read_pair(row: int, record: dict[str, Any]) -> PairRow:
    """A row by the names of its columns. Rows of the part `test` are refused: they are what models are judged by."""
    by_name = {key.lower().replace(" ", "").replace("_", "").replace("-", ""): value for key, value in record.items()}

    def part(name: str) -> Any:
        return next((by_name[key] for key in COLUMNS[name] if by_name.get(key) is not None), None)

    split = part("split")
    if isinstance(split, str) and split.strip().lower() == "test":
        raise bad_row(row, "it belongs to the part test, which is never trained on")
    if split not in (None, "") and (not isinstance(split, str) or split.strip().lower() not in SPLITS):
        raise bad_row(row, "the split is none of train, validation")
    answers = texts(row, part("answer"), "the answer")
    document = texts(row, part("document"), "the document")
    return PairRow(
        question=text_of(row, part("question"), "the question"),
        answer=answers[0] if answers else "",
        passage=next(iter(texts(row, part("passage"), "the passage")), ""),
        thought=next(iter(texts(row, part("thought"), "the thought")), ""),
        headings=texts(row, part("headings"), "the headings"),
        document=document[0] if document else "",
        negatives=texts(row, part("negatives"), "a negative"),
        split=SPLITS[split.strip().lower()] if split else "train",
    )


def texts(row: int, value: Any, what: str) -> tuple[str, ...]:
    """A list of texts, which may come as one text."""
    items = [value] if isinstance(value, str) else value
    if items is None:
        return ()
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise bad_row(row, f"{what} is not text")
    return tuple(item.strip() for item in items if item.strip())


def conversation(row: int, messages: Any) -> ChatRow:
    """OpenAI's chat format; `weight` 0 leaves a message of the assistant out of the loss."""
    if not isinstance(messages, list) or not messages:
        raise bad_row(row, "messages is no list of messages")
    read = tuple(read_message(row, message) for message in messages)
    learned = tuple(
        message["role"] == "assistant" and raw.get("weight", 1) != 0
        for message, raw in zip(read, messages, strict=True)
    )
    if not any(learned):
        raise bad_row(row, "it has no message of the assistant to learn from")
    return ChatRow(read, learned)


def read_message(row: int, message: Any) -> Message:
    """One message. Its content is text, or a list of parts that are text."""
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise bad_row(row, f"a message has a role that is none of {', '.join(ROLES)}")
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        content = "".join(text_of(row, part, "a part of a message") for part in parts)
    role = "system" if message["role"] == "developer" else message["role"]
    return {"role": role, "content": text_of(row, content, "a message")}


def preference(row: int, record: dict[str, Any]) -> PreferenceRow:
    """OpenAI's preference format, or TRL's columns prompt, chosen and rejected: text, or messages as Attune exports."""
    if "input" in record:
        source = record["input"]
        prompt = conversation_before(
            row, source.get("messages") if isinstance(source, dict) else None, "input.messages"
        )
        chosen = last_answer(row, record.get("preferred_output"), "preferred_output")
        rejected = last_answer(row, record.get("non_preferred_output"), "non_preferred_output")
    else:
        asked = record.get("prompt")
        if isinstance(asked, list):
            prompt = conversation_before(row, asked, "the prompt")
        else:
            prompt = ({"role": "user", "content": text_of(row, asked, "the prompt")},)
        chosen, rejected = (one_answer(row, record.get(side), f"the {side} answer") for side in ("chosen", "rejected"))
    if chosen == rejected:
        raise bad_row(row, "both answers are the same")
    return PreferenceRow(prompt, chosen, rejected)


def conversation_before(row: int, messages: Any, what: str) -> tuple[Message, ...]:
    """What both answers follow."""
    if not isinstance(messages, list) or not messages:
        raise bad_row(row, f"{what} is no list of messages")
    return tuple(read_message(row, message) for message in messages)


def one_answer(row: int, value: Any, what: str) -> str:
    """An answer as text, or as the messages that end with it."""
    return last_answer(row, value, what) if isinstance(value, list) else text_of(row, value, what)


def last_answer(row: int, messages: Any, what: str) -> str:
    """The assistant's message of one side."""
    if not isinstance(messages, list) or not messages:
        raise bad_row(row, f"{what} is no list of messages")
    return read_message(row, messages[-1])["content"]
