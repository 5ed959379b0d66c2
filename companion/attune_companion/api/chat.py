"""`/v1/chat/completions`, at once or as a stream."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ..problems import Problem, bad_request
from ..store.database import new_id
from .body import read_body
from .context import context_of
from .engine import ask

router = APIRouter()


class ChatMessage(BaseModel):
    """Text alone, or parts of text."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[dict[str, Any]]

    def plain(self) -> dict[str, str]:
        """As templates know it."""
        parts = self.content
        if isinstance(parts, list):
            if any(not isinstance(part.get("text"), str) for part in parts):
                raise bad_request("unsupported", "Messages have to be text.", "messages")
            parts = "".join(part["text"] for part in parts)
        return {"role": "system" if self.role == "developer" else self.role, "content": parts}


class ChatRequest(BaseModel):
    """What is not named here is passed over, as other servers do."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(max_length=300)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=500)]
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    n: int | None = None


@router.post("/v1/chat/completions")
async def complete(request: Request) -> Any:
    """The base model, an adapter, or a checkpoint, by name."""
    body = await read_body(request, ChatRequest)
    if body.n not in (None, 1):
        raise bad_request("unsupported", "One answer at a time: 'n' has to be 1.", "n")
    asked = {
        "kind": "chat",
        "model": body.model,
        "messages": [message.plain() for message in body.messages],
        "max_tokens": body.max_completion_tokens or body.max_tokens,
        "temperature": body.temperature,
        "top_p": body.top_p,
        "stop": [body.stop] if isinstance(body.stop, str) else body.stop,
        "seed": body.seed,
    }
    parts = ask(context_of(request), asked)
    head = {"id": new_id("chatcmpl"), "created": int(time.time()), "model": body.model}
    # The first part comes before the answer's status: an unknown model is an error and no broken stream.
    first = await anext(parts)
    if body.stream:
        usage = bool((body.stream_options or {}).get("include_usage"))
        return StreamingResponse(chunks(head, first, parts, usage), media_type="text/event-stream")
    texts, last = [], first
    while "finish" not in last:
        texts.append(last["text"])
        last = await anext(parts)
    message = {"role": "assistant", "content": "".join(texts), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": last["finish"]}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": usage_of(last)}


def usage_of(last: dict[str, Any]) -> dict[str, int]:
    """With the sum."""
    usage: dict[str, int] = last["usage"]
    return {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]}


async def chunks(
    head: dict[str, Any], first: dict[str, Any], parts: AsyncIterator[dict[str, Any]], usage: bool
) -> AsyncIterator[str]:
    """`chat.completion.chunk`s."""

    def event(choices: list[dict[str, Any]], **more: Any) -> str:
        return f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': choices, **more})}\n\n"

    def choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}

    yield event([choice({"role": "assistant", "content": ""})])
    part: dict[str, Any] = first
    try:
        while "finish" not in part:
            yield event([choice({"content": part["text"]})])
            part = await anext(parts)
    except Problem as problem:
        yield f"data: {json.dumps(problem.body())}\n\n"
        return
    yield event([choice({}, part["finish"])])
    if usage:
        yield event([], usage=usage_of(part))
    yield "data: [DONE]\n\n"
