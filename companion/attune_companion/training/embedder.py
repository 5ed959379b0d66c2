"""Search models: multiple negatives ranking (Henderson et al. 2017) with hard negatives, by Sentence Transformers."""

from __future__ import annotations

from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import (
    CachedMultipleNegativesRankingLoss,
    MatryoshkaLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.sentence_transformer.training_args import BatchSamplers

from ..data.mining import Embed, hard_negatives, mining_pool
from ..serving.load import load_embedder
from .arguments import arguments
from .checkpoints import AdapterCheckpoints
from .contract import JobSpec, Score, Task
from .fitting import matryoshka_sizes
from .lora import adapt, lora_config
from .retrieval_judge import SCORE_NAME, RetrievalJudge


class EmbedderTrainer(AdapterCheckpoints, SentenceTransformerTrainer):
    """Sentence Transformers' trainer with our checkpoints."""


def ask_untuned(spec: JobSpec, embed: Embed) -> list[list[int]]:
    """What the model is needed for before there is an adapter: hard negatives, as places in the mining pool."""
    settings = spec.settings
    return hard_negatives(spec.parts.train, settings["hardNegatives"], settings["negativeMargin"], spec.seed, embed)


def prepare(spec: JobSpec) -> Task:
    """Rows are `PairRow`s."""
    settings, train = spec.settings, spec.parts.train
    model = load_embedder(spec.model, settings["maxTokens"])
    pool = mining_pool(train)
    places = spec.untuned if spec.untuned is not None else ask_untuned(spec, lambda texts: embed(model, texts))
    negatives = [[pool[place].text for place in found] for found in places]
    encoder = model[0]
    encoder.model = adapt(encoder.model, lora_config(encoder.model, settings, "FEATURE_EXTRACTION"), spec.base)
    fewest = min(len(found) for found in negatives)
    rows = [
        {
            "anchor": row.question,
            "positive": row.passage_text,
            **{f"negative_{k}": text for k, text in enumerate(found[:fewest])},
        }
        for row, found in zip(train, negatives, strict=True)
    ]
    # Batches are compared as a whole: what is halved on lack of memory is how much of one is computed at a time.
    whole = arguments(
        SentenceTransformerTrainingArguments,
        spec,
        per_device_train_batch_size=max(1, settings["batchSize"] // spec.workers),
        gradient_accumulation_steps=settings["accumulation"],
        # The same passage twice in a batch would be its own wrong answer.
        batch_sampler=BatchSamplers.NO_DUPLICATES,
    )
    loss = loss_of(model, spec, texts=len(rows[0]))
    trainer = EmbedderTrainer(model=model, args=whole, train_dataset=Dataset.from_list(rows), loss=loss)
    trainer.adapted = encoder.model
    judge = RetrievalJudge(spec.parts, settings, spec.seed) if spec.parts.validation else None

    def validate() -> Score:
        assert judge is not None
        return judge.score(judge.rankings(embed(model, judge.questions), embed(model, judge.pool)))

    return Task(trainer=trainer, score_name=SCORE_NAME, validate=validate if judge else None)


def loss_of(model: SentenceTransformer, spec: JobSpec, texts: int) -> Any:
    """
    GradCache (Gao et al. 2021): `chunkTokens` at a time, with the result of the whole batch. It computes everything
    forwards twice, which a batch that fits is spared. `texts`: of one row.
    """
    settings = spec.settings
    directions: Any = ("query_to_doc", "doc_to_query") if settings["symmetric"] else ("query_to_doc",)
    shared: dict[str, Any] = {
        "scale": settings["scale"],
        "directions": directions,
        "partition_mode": "per_direction",
        # Wrong answers are those of all workers.
        "gather_across_devices": spec.workers > 1,
    }
    sizes = matryoshka_sizes(settings["matryoshka"], model.get_embedding_dimension() or 0)
    size = max(1, settings["chunkTokens"] // settings["maxTokens"] // 2**spec.batch_halvings)
    # Several backward passes within one step confuse DDP's bookkeeping.
    if spec.workers > 1 or size >= settings["batchSize"] * texts:
        whole = MultipleNegativesRankingLoss(model, **shared)
        return MatryoshkaLoss(model, whole, sizes) if sizes else whole
    loss = CachedMultipleNegativesRankingLoss(model, mini_batch_size=size, **shared)
    return MatryoshkaLoss(model, loss, sizes) if sizes else loss


def embed(model: SentenceTransformer, texts: list[str]) -> Any:
    """Unit vectors [texts, dimensions] on the CPU."""
    return model.encode(texts, batch_size=32, convert_to_tensor=True, show_progress_bar=False).float().cpu()
