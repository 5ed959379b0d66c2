"""`/v1/embeddings`, and `/v1/rerank` as Jina, Cohere and vLLM have it."""

from __future__ import annotations

import array
import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from ..problems import bad_request
from .body import read_body
from .context import context_of
from .engine import one

router = APIRouter()
Tokens = list[Annotated[int, Field(ge=0)]]


class EmbeddingRequest(BaseModel):
    """Texts or tokens, one or many."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(max_length=300)]
    input: str | Annotated[list[str], Field(max_length=2048)] | Tokens | Annotated[list[Tokens], Field(max_length=2048)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = None


class RerankRequest(BaseModel):
    """A question and the documents to put in order."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(max_length=300)]
    query: str
    documents: Annotated[list[str], Field(min_length=1, max_length=2048)]
    top_n: Annotated[int, Field(ge=1)] | None = None


@router.post("/v1/embeddings")
async def embed(request: Request) -> dict[str, Any]:
    """Unit vectors of a base or tuned search model."""
    body = await read_body(request, EmbeddingRequest)
    single = isinstance(body.input, str) or (bool(body.input) and isinstance(body.input[0], int))
    inputs = [body.input] if single else body.input
    if not inputs or any(not text for text in inputs):
        raise bad_request("invalid_value", "There is nothing to embed: a text is empty.", "input")
    asked = {"kind": "embed", "model": body.model, "input": inputs, "dimensions": body.dimensions}
    answer = await one(context_of(request), asked)

    def written(vector: list[float]) -> list[float] | str:
        if body.encoding_format == "float":
            return vector
        return base64.b64encode(array.array("f", vector).tobytes()).decode()

    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": i, "embedding": written(vector)}
            for i, vector in enumerate(answer["vectors"])
        ],
        "model": body.model,
        "usage": {"prompt_tokens": answer["tokens"], "total_tokens": answer["tokens"]},
    }


@router.post("/v1/rerank")
async def rerank(request: Request) -> dict[str, Any]:
    """Documents by their score, best first."""
    body = await read_body(request, RerankRequest)
    asked = {"kind": "rerank", "model": body.model, "query": body.query, "documents": body.documents}
    scores = (await one(context_of(request), asked))["scores"]
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))[: body.top_n]
    return {"model": body.model, "results": [{"index": i, "relevance_score": scores[i]} for i in order]}
