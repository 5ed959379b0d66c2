"""
Ranking models: question and passage read together and scored, by Sentence Transformers' cross-encoder. One learns what
to add to the scores of the search that it stands behind, as in the app (ADR 118).
"""

from __future__ import annotations

import gc
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers.cross_encoder import (
    CrossEncoder,
    CrossEncoderTrainer,
    CrossEncoderTrainingArguments,
)

from ..data.candidates import shown_passages, stage_of, with_priors
from ..data.mining import Embed, mining_pool
from ..data.words import Place
from ..problems import bad_request
from ..serving.catalogue import has_pooler
from ..serving.load import load_embedder, load_reranker
from .arguments import arguments
from .checkpoints import AdapterCheckpoints
from .contract import JobSpec, Score, Task
from .embedder import embed
from .fitting import without_pooler
from .lora import adapt, lora_config
from .retrieval_judge import SCORE_NAME, RetrievalJudge


class RerankerTrainer(AdapterCheckpoints, CrossEncoderTrainer):
    """Sentence Transformers' trainer with our checkpoints."""


class CandidateLoss(torch.nn.Module):
    """
    `listwise`: softmax over the candidates of a question, of which the first is right; `pointwise`: binary
    cross-entropy on each. As `src/engine/losses` has them; candidates are computed `chunk` at a time. What the search
    thinks of a candidate is added to its score before.
    """

    def __init__(self, model: CrossEncoder, loss: str, chunk: int) -> None:
        super().__init__()
        self.model = model
        self._loss = loss
        self._chunk = chunk

    def forward(self, inputs: list[Any], labels: Any, **kwargs: Any) -> torch.Tensor:
        """
        Inputs: questions [B], and for each its candidates [K], the right one first. The trainer knows numbers of a row
        as its `labels`: here the search's log-odds of the candidates, B times [K].
        """
        questions, candidates = inputs
        pairs = [[question, text] for question, texts in zip(questions, candidates, strict=True) for text in texts]
        plain = getattr(self.model, "module", self.model)
        scores = []
        for i in range(0, len(pairs), self._chunk):
            tokens = plain.preprocess(pairs[i : i + self._chunk])
            tokens = {key: value.to(plain.device) if hasattr(value, "to") else value for key, value in tokens.items()}
            scores.append(self.model(tokens)["scores"].view(-1))
        logits = torch.cat(scores).float().view(len(questions), -1)
        logits = logits + torch.stack(list(labels)).to(logits)
        if self._loss == "pointwise":
            wanted = torch.zeros_like(logits)
            wanted[:, 0] = 1
            return torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        first = torch.zeros(len(questions), dtype=torch.long, device=logits.device)
        return torch.nn.functional.cross_entropy(logits, first)


def judge_of(spec: JobSpec) -> RetrievalJudge | None:
    """None where nothing was held out."""
    return RetrievalJudge(spec.parts, spec.settings, spec.seed) if spec.parts.validation else None


def ask_untuned(spec: JobSpec, embed: Embed) -> dict[str, list[list[Place]]]:
    """
    What the search model is needed for before there is a ranking model: what is `shown` of each row, as places in the
    mining pool, and what is `found` for each question of the judge, as places in its pool, best first.
    """
    settings, train, judge = spec.settings, spec.parts.train, judge_of(spec)
    pool = [passage.text for passage in mining_pool(train)]
    texts = [pool, [row.question for row in train], judge.pool if judge else [], judge.questions if judge else []]
    embedded = embed([text for part in texts for text in part])
    vectors, queries, judged, asked = embedded.split([len(part) for part in texts])
    stage = stage_of(judge.passages, judged) if judge else None
    found = [stage.find(text, asked[q], settings["candidates"]) for q, text in enumerate(texts[3])] if stage else []
    return {
        "shown": shown_passages(train, settings, spec.seed, vectors, queries),
        "found": [with_priors(places, settings["searchWeight"]) for places in found],
    }


def ask_here(spec: JobSpec) -> dict[str, list[list[Place]]]:
    """By a model of this process, which is gone afterwards."""
    searcher = load_embedder(spec.model, spec.settings["maxTokens"])
    return ask_untuned(spec, lambda texts: embed(searcher, texts))


def prepare(spec: JobSpec) -> Task:
    """Rows are `PairRow`s. Raises a problem when the base has no pooler, which the head scores with."""
    settings, train = spec.settings, spec.parts.train
    if not has_pooler(spec.model.glob("*.safetensors")):
        raise without_pooler(spec.base)
    judge = judge_of(spec)
    asked = spec.untuned if spec.untuned is not None else ask_here(spec)
    gc.collect()
    pool, shown, found = mining_pool(train), asked["shown"], asked["found"]

    # The new head is drawn here.
    torch.manual_seed(spec.seed)
    model = load_reranker(spec.model, settings["maxTokens"])
    encoder = model[0]
    encoder.model = adapt(encoder.model, lora_config(encoder.model, settings, "SEQ_CLS", ["classifier"]), spec.base)
    # What learns to correct the search begins by adding nothing to it.
    torch.nn.init.zeros_(encoder.model.get_base_model().classifier.weight)
    fewest = min(len(places) for places in shown)
    if fewest == 1:
        raise bad_request("invalid_training_file", "There are too few passages to find wrong ones.", "training_file")
    rows = [
        {
            "question": row.question,
            "candidates": [pool[place].text for place, _ in places[:fewest]],
            "label": [prior for _, prior in places[:fewest]],
        }
        for row, places in zip(train, shown, strict=True)
    ]
    chunk = max(1, settings["chunkTokens"] // settings["maxTokens"])
    trainer = RerankerTrainer(
        model=model,
        args=arguments(CrossEncoderTrainingArguments, spec),
        train_dataset=Dataset.from_list(rows),
        # Several forward passes in one step confuse DDP's bookkeeping; all at once it is there.
        loss=CandidateLoss(model, settings["loss"], chunk if spec.workers == 1 else len(rows[0]["candidates"]) * 4096),
    )
    trainer.adapted = encoder.model

    def validate() -> Score:
        assert judge is not None
        return judge.score([ranked(model, judge, q, places) for q, places in enumerate(found)])

    return Task(
        trainer=trainer,
        score_name=SCORE_NAME,
        validate=validate if judge else None,
        base_score=judge.score([[place for place, _ in places] for places in found]) if judge else None,
    )


def ranked(model: CrossEncoder, judge: RetrievalJudge, question: int, found: list[Place]) -> list[int]:
    """What the search found, in the order of search and model together."""
    pairs = [(judge.questions[question], judge.pool[place]) for place, _ in found]
    own: Any = model.predict(pairs, show_progress_bar=False, convert_to_tensor=True)
    scores = own.float().cpu() + torch.tensor([prior for _, prior in found])
    return [found[i][0] for i in scores.argsort(descending=True, stable=True).tolist()]
