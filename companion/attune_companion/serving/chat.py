"""Text from a decoder, piece by piece."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty
from typing import Any

import torch
from transformers import StoppingCriteria, TextIteratorStreamer

from ..problems import bad_request

LOOK_EVERY = 0.1


class Gone(StoppingCriteria):
    """Stops when the caller hung up or a stop text was seen."""

    def __init__(self) -> None:
        self.gone = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self.gone, dtype=torch.bool, device=input_ids.device)


def generate(
    model: Any, tokenizer: Any, request: dict[str, Any], closed: Callable[[], bool]
) -> Iterator[dict[str, Any]]:
    """Parts `{"text"}`, then `{"finish": "stop" | "length", "usage"}`. Raises a problem for too long a prompt."""
    prompt = prompt_tokens(tokenizer, request["messages"])
    limit = getattr(model.config, "max_position_embeddings", 4096)
    room = limit - len(prompt)
    if room < 1:
        message = f"The prompt has {len(prompt)} tokens; the model reads {limit}. Shorten it."
        raise bad_request("context_length_exceeded", message, "messages")
    wanted = min(request.get("max_tokens") or room, room)
    watch = Gone()
    streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=LOOK_EVERY)
    ids = torch.tensor([prompt], device=model.device)
    options: dict[str, Any] = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "max_new_tokens": wanted,
        "streamer": streamer,
        "stopping_criteria": [watch],
        "pad_token_id": tokenizer.pad_token_id,
        **sampling(request),
    }
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            with torch.inference_mode():
                if request.get("seed") is not None:
                    torch.manual_seed(request["seed"])
                outcome["ids"] = model.generate(**options)
        except Exception as error:
            outcome["error"] = error
        finally:
            streamer.end()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    stops = Stops(request.get("stop") or [])
    try:
        for text in texts(streamer, thread):
            watch.gone = watch.gone or closed()
            piece = stops.add(text)
            if piece:
                yield {"text": piece}
            if stops.found:
                watch.gone = True
                break
    finally:
        watch.gone = True
        thread.join()
    if "error" in outcome:
        raise outcome["error"]
    if rest := stops.rest():
        yield {"text": rest}
    made = outcome["ids"].shape[1] - len(prompt)
    ends = model.generation_config.eos_token_id
    ended = int(outcome["ids"][0, -1]) in (ends if isinstance(ends, list) else [ends, tokenizer.eos_token_id])
    finish = "stop" if ended or stops.found else "length"
    yield {"finish": finish, "usage": {"prompt_tokens": len(prompt), "completion_tokens": made}}


def texts(streamer: TextIteratorStreamer, thread: threading.Thread) -> Iterator[str]:
    """What the streamer gives, with an empty text now and then, so that a caller who hung up is noticed."""
    iterator = iter(streamer)
    while True:
        try:
            yield next(iterator)
        except Empty:
            yield ""
        except StopIteration:
            return


def prompt_tokens(tokenizer: Any, messages: list[dict[str, str]]) -> list[int]:
    """By the model's own template; without one, the messages as lines."""
    if tokenizer.chat_template:
        return list(tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False))
    lines = [f"{message['role']}: {message['content']}" for message in messages]
    return list(tokenizer("\n".join([*lines, "assistant:"]))["input_ids"])


def sampling(request: dict[str, Any]) -> dict[str, Any]:
    """The protocol's temperature and top_p; 0 takes the likeliest token each time."""
    temperature = request.get("temperature")
    temperature = 1.0 if temperature is None else temperature
    if temperature == 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    top_p = request.get("top_p")
    return {"do_sample": True, "temperature": temperature, "top_p": 1.0 if top_p is None else top_p, "top_k": 0}


class Stops:
    """Ends a text before the first of some stop texts; holds back what may become one."""

    def __init__(self, stops: list[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """Returns what can be shown for certain."""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.found = True
            shown, self._held = self._held[: min(places)], ""
            return shown
        back = max((n for stop in self._stops for n in range(1, len(stop)) if self._held.endswith(stop[:n])), default=0)
        shown, self._held = self._held[: len(self._held) - back], self._held[len(self._held) - back :]
        return shown

    def rest(self) -> str:
        """What was held back and became none."""
        rest, self._held = self._held, ""
        return rest
