"""Supervised tuning on conversations, and going on with plain text, by TRL's SFTTrainer."""

from __future__ import annotations

import math
import random
from typing import Any

import torch
from datasets import Dataset
from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]

from ..data.recipe import PromptWriter, recipe
from ..data.rows import ChatRow, Message, PairRow, TextRow
from ..problems import bad_request
from .arguments import arguments, batch_of
from .checkpoints import AdapterCheckpoints
from .contract import JobSpec, Score, Task
from .lora import adapt, lora_config
from .sharding import load_base, shard

IGNORED = -100
Tokens = dict[str, list[int]]
"""`input_ids`, and `labels` that are -100 where nothing is learned."""


class GeneratorTrainer(AdapterCheckpoints, SFTTrainer):
    """TRL's trainer over rows that are tokens already."""


def prepare(spec: JobSpec) -> Task:
    """Raises a problem when no row is left to learn from."""
    model, tokenizer = load_base(spec)
    adapted = adapt(model, lora_config(model, spec.settings, "CAUSAL_LM"), spec.base)
    shard(adapted, spec)
    writer = RowWriter(spec, tokenizer)
    learned = writer.write_all(spec.parts.train, judged=False)
    sample = sampled(spec.parts.validation, spec.settings["validationLimit"], spec.seed)
    held = writer.write_all(sample, judged=True)
    if not learned:
        raise bad_request("invalid_training_file", "No row fits into 'maxTokens'. Raise it.", "training_file")
    config = arguments(
        SFTConfig,
        spec,
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    trainer = GeneratorTrainer(
        model=adapted, args=config, train_dataset=Dataset.from_list(learned), processing_class=tokenizer
    )
    trainer.adapted = adapted
    batch, _ = batch_of(spec)
    return Task(
        trainer=trainer,
        score_name="Probability of the right words",
        validate=(lambda: mean_probability(adapted, tokenizer, held, batch)) if held else None,
        card=card_of(spec),
    )


def card_of(spec: JobSpec) -> dict[str, Any]:
    """How the app has to ask: as was taught, and not at all in its own form where rows were conversations."""
    pairs = [row for row in spec.parts.train if isinstance(row, PairRow)]
    if pairs and spec.settings.get("learns") == "closed-book" and spec.method == "supervised":
        return {"recipe": recipe(0, False)}
    taught = spec.settings.get("context") == "passages" and any(row.passage for row in pairs)
    return {"recipe": recipe(spec.settings["passages"], spec.settings["reasons"])} if taught else {}


def sampled(rows: list[Any], most: int, seed: int) -> list[Any]:
    """At most so many rows, the same ones for equal seeds."""
    return rows if len(rows) <= most else random.Random(seed).sample(rows, most)  # noqa: S311


class RowWriter:
    """Rows to tokens."""

    def __init__(self, spec: JobSpec, tokenizer: Any) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._longest = spec.settings["maxTokens"]
        train, validation = (
            [row for row in part if isinstance(row, PairRow)] for part in (spec.parts.train, spec.parts.validation)
        )
        # What is judged by must not be seen before, not even as a wrong passage: prompts are memorised too.
        self._learned = PromptWriter(train, spec.settings, spec.seed)
        self._judged = PromptWriter([*train, *validation], spec.settings, spec.seed)

    def write_all(self, rows: list[Any], judged: bool) -> list[Tokens]:
        """`judged`: the answer alone counts, and its passage is always there."""
        return [tokens for i, row in enumerate(rows) for tokens in self._write(row, i, judged)]

    def _write(self, row: Any, index: int, judged: bool) -> list[Tokens]:
        if isinstance(row, TextRow):
            return self._blocks(row.text)
        if isinstance(row, ChatRow):
            return self._conversation(list(row.messages), list(row.learned), judged)
        prompts = self._judged if judged else self._learned
        turns = prompts.write(row, index, lambda turns: len(self._ids(turns, False)) <= self._longest, judged)
        return self._conversation(turns, [turn["role"] == "assistant" for turn in turns], judged)

    def _ids(self, turns: list[Message], ask: bool) -> list[int]:
        return list(self._tokenizer.apply_chat_template(turns, add_generation_prompt=ask, return_dict=False))

    def _conversation(self, turns: list[Message], learned: list[bool], judged: bool) -> list[Tokens]:
        ids = self._ids(turns, False)
        labels = [IGNORED] * len(ids)
        if self._spec.settings["lossOn"] == "everything" and not judged:
            labels = list(ids)
        for i, learns in enumerate(learned):
            if not learns:
                continue
            start, end = len(self._ids(turns[:i], True)), len(self._ids(turns[: i + 1], False))
            labels[start:end] = ids[start:end]
            while end > start and not self._tokenizer.decode(ids[end - 1]).strip():
                # Templates put a line break behind the mark that ends a turn; nothing is to be said there.
                end -= 1
                labels[end] = IGNORED
        # Too long even so: the end of an answer is lost before its beginning is.
        ids, labels = ids[: self._longest], labels[: self._longest]
        return [{"input_ids": ids, "labels": labels}] if any(label != IGNORED for label in labels[1:]) else []

    def _blocks(self, text: str) -> list[Tokens]:
        """A text in pieces of equal length, each learned whole."""
        ids = [*self._tokenizer(text, add_special_tokens=False)["input_ids"], self._tokenizer.eos_token_id]
        pieces = [ids[i : i + self._longest] for i in range(0, len(ids), self._longest)]
        return [{"input_ids": piece, "labels": piece} for piece in pieces if len(piece) > 1]


def mean_probability(model: Any, tokenizer: Any, rows: list[Tokens], batch: int) -> Score:
    """exp(-mean loss per token): the inverse of the perplexity."""
    order = sorted(rows, key=lambda row: len(row["input_ids"]))
    total, count = 0.0, 0
    for i in range(0, len(order), batch):
        loss, tokens = batch_loss(model, tokenizer, order[i : i + batch])
        total, count = total + loss, count + tokens
    mean = total / count
    return Score(math.exp(-mean), {"valid_loss": mean})


def batch_loss(model: Any, tokenizer: Any, rows: list[Tokens]) -> tuple[float, int]:
    """Summed loss of the tokens that count, and how many they are."""
    longest = max(len(row["input_ids"]) for row in rows)
    pad = tokenizer.pad_token_id
    ids = torch.tensor([row["input_ids"] + [pad] * (longest - len(row["input_ids"])) for row in rows])
    mask = torch.tensor([[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows])
    labels = torch.tensor([row["labels"] + [IGNORED] * (longest - len(row["labels"])) for row in rows])
    ids, mask, labels = (tensor.to(model.device) for tensor in (ids, mask, labels))
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    loss = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return float(loss), int((labels[:, 1:] != IGNORED).sum())
