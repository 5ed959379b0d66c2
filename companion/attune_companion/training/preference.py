"""Direct preference optimisation (Rafailov et al. 2023) by TRL's DPOTrainer; the reference is the untuned model."""

from __future__ import annotations

from typing import Any

import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]

from ..data.rows import PreferenceRow
from .arguments import arguments, batch_of
from .checkpoints import AdapterCheckpoints
from .contract import JobSpec, Score, Task
from .generator import IGNORED, Tokens, sampled
from .lora import adapt, lora_config
from .sharding import load_base, shard


class PreferenceTrainer(AdapterCheckpoints, DPOTrainer):
    """TRL's trainer with our checkpoints."""


def prepare(spec: JobSpec) -> Task:
    """Rows are `PreferenceRow`s."""
    model, tokenizer = load_base(spec)
    adapted = adapt(model, lora_config(model, spec.settings, "CAUSAL_LM"), spec.base)
    shard(adapted, spec)
    config = arguments(
        DPOConfig,
        spec,
        beta=spec.settings["beta"],
        max_length=spec.settings["maxTokens"],
    )
    rows = [
        {
            "prompt": list(row.prompt),
            "chosen": [{"role": "assistant", "content": row.chosen}],
            "rejected": [{"role": "assistant", "content": row.rejected}],
        }
        for row in spec.parts.train
    ]
    trainer = PreferenceTrainer(
        model=adapted, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
    trainer.adapted = adapted
    held = sampled(spec.parts.validation, spec.settings["validationLimit"], spec.seed)
    pairs = [sides(row, tokenizer, spec.settings["maxTokens"]) for row in held]
    batch, _ = batch_of(spec)
    return Task(
        trainer=trainer,
        score_name="Preferred answers that are likelier than before, against the other",
        validate=(lambda: accuracy(adapted, tokenizer, pairs, batch, spec.settings["beta"])) if pairs else None,
    )


def sides(row: PreferenceRow, tokenizer: Any, longest: int) -> tuple[Tokens, Tokens]:
    """Both answers as tokens behind their prompt."""
    prompt = list(tokenizer.apply_chat_template(list(row.prompt), add_generation_prompt=True, return_dict=False))

    def side(answer: str) -> Tokens:
        turns = [*row.prompt, {"role": "assistant", "content": answer}]
        ids = list(tokenizer.apply_chat_template(turns, return_dict=False))
        labels = [IGNORED] * len(prompt) + ids[len(prompt) :]
        return {"input_ids": ids[:longest], "labels": labels[:longest]}

    return side(row.chosen), side(row.rejected)


def accuracy(model: Any, tokenizer: Any, pairs: list[tuple[Tokens, Tokens]], batch: int, beta: float) -> Score:
    """Share of pairs whose preferred answer gained more than the other; a tie, as before tuning, counts half."""
    tuned = [log_ratios(model, tokenizer, pairs[i : i + batch]) for i in range(0, len(pairs), batch)]
    with model.disable_adapter():
        base = [log_ratios(model, tokenizer, pairs[i : i + batch]) for i in range(0, len(pairs), batch)]
    margins = beta * (torch.cat(tuned) - torch.cat(base))
    # Below a hair, both are the same number computed twice.
    wins = (margins > 1e-6).float() + 0.5 * (margins.abs() <= 1e-6).float()
    loss = -torch.nn.functional.logsigmoid(margins).mean()
    return Score(float(wins.mean()), {"valid_loss": float(loss), "reward_margin": float(margins.mean())})


def log_ratios(model: Any, tokenizer: Any, pairs: list[tuple[Tokens, Tokens]]) -> torch.Tensor:
    """log p(preferred) - log p(other) for each pair."""
    chosen = sequence_log_probabilities(model, tokenizer, [pair[0] for pair in pairs])
    return chosen - sequence_log_probabilities(model, tokenizer, [pair[1] for pair in pairs])


def sequence_log_probabilities(model: Any, tokenizer: Any, rows: list[Tokens]) -> torch.Tensor:
    """Summed log-probability of the tokens that count, per row."""
    longest = max(len(row["input_ids"]) for row in rows)
    pad = tokenizer.pad_token_id

    def padded(values: list[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([value + [filler] * (longest - len(value)) for value in values], device=model.device)

    ids = padded([row["input_ids"] for row in rows], pad)
    mask = padded([[1] * len(row["input_ids"]) for row in rows], 0)
    labels = padded([row["labels"] for row in rows], IGNORED)[:, 1:]
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float().log_softmax(-1)
    counted = labels != IGNORED
    picked = logits.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (picked * counted).sum(-1)
