"""Models in memory: one set of weights per base, adapters switched on top, the longest unused leave first."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from ..problems import Problem, bad_request
from ..settings import Settings
from ..store.adapters import folder_of
from ..store.database import Database
from ..training.lora import WEIGHTS
from .catalogue import check_safetensors, find_model, list_models
from .chat import generate
from .load import device, load_embedder, load_generator, load_reranker, prepared

MOST_BASES = 3
MOST_ADAPTERS = 8
MAX_TOKENS = 512


class Loaded:
    """A base model with its adapters. `slot`: the object whose attribute `model` is the network."""

    def __init__(self, slot: Any, tokenizer: Any = None) -> None:
        self.slot = slot
        self.tokenizer = tokenizer
        self.lock = threading.Lock()
        self._adapters: OrderedDict[str, str] = OrderedDict()
        self._count = 0

    def use(self, folder: Path | None) -> AbstractContextManager[Any]:
        """Switches to the adapter in a folder, or to none. Held under the lock until the answer is complete."""
        if folder is None:
            return self.slot.model.disable_adapter() if self._adapters else nullcontext()
        key = str(folder)
        if key not in self._adapters:
            self._load(key)
        self._adapters.move_to_end(key)
        self.slot.model.set_adapter(self._adapters[key])
        return nullcontext()

    def _load(self, folder: str) -> None:
        check_safetensors(Path(folder) / WEIGHTS)
        name = f"a{self._count}"
        self._count += 1
        options: dict[str, Any] = {"adapter_name": name, "is_trainable": False}
        if self._adapters:
            self.slot.model.load_adapter(folder, **options)
        else:
            self.slot.model = PeftModel.from_pretrained(self.slot.model, folder, **options)
        self.slot.model.eval()
        self._adapters[folder] = name
        if len(self._adapters) > MOST_ADAPTERS:
            _, oldest = self._adapters.popitem(last=False)
            self.slot.model.delete_adapter(oldest)


class Decoder:
    """Where a generator's network is held."""

    def __init__(self, model: Any) -> None:
        self.model = model


def on_device(model: Any) -> Any:
    """Ready to answer where models run."""
    return model.to(device()).eval()


class ModelHost:
    """Answers of all kinds, by the name of a base, an adapter or a checkpoint."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.database)
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Lets all models go."""
        with self._lock:
            self._loaded.clear()
        gc.collect()

    def resolve(self, name: str) -> tuple[str, Path | None, str]:
        """Base, adapter's folder and role of a name. Raises a problem for unknown ones."""
        models = list_models(self._settings)
        if name in models:
            return name, None, models[name].role
        folder, base, role = folder_of(self._settings, self._database, name)
        return base, folder, role

    def _resolved(self, request: dict[str, Any], wanted: str) -> tuple[str, Path | None, str]:
        """Of a request, which may have been looked up elsewhere. Raises a problem for models of another role."""
        name = request["model"]
        base, folder, role = request.get("resolved") or self.resolve(name)
        if role != wanted:
            raise bad_request("wrong_model", f"{name} is a {role}, and this needs a {wanted}.", "model")
        return base, folder, role

    def _load(self, base: str, role: str) -> Loaded:
        """The base, loaded once per role. Loading holds others up that have to load, not those that answer."""
        key = f"{role}/{base}"
        with self._lock:
            if key not in self._loaded:
                folder = prepared(find_model(self._settings, base), self._settings)
                if role == "generator":
                    model, tokenizer = load_generator(folder, quantised=False)
                    self._loaded[key] = Loaded(Decoder(on_device(model)), tokenizer)
                else:
                    whole = (load_embedder if role == "embedder" else load_reranker)(folder, MAX_TOKENS)
                    loaded = Loaded(whole[0], whole)
                    self._loaded[key] = loaded
                while len(self._loaded) > MOST_BASES:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(key)
            return self._loaded[key]

    def chat(self, request: dict[str, Any], closed: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """Parts of an answer as `{"text"}`, then `{"finish", "usage"}`."""
        base, folder, role = self._resolved(request, "generator")
        loaded = self._load(base, role)
        with loaded.lock, torch.inference_mode(), loaded.use(folder):
            yield from generate(loaded.slot.model, loaded.tokenizer, request, closed)

    def embed(self, request: dict[str, Any]) -> dict[str, Any]:
        """`{"vectors", "tokens"}`: unit vectors."""
        base, folder, role = self._resolved(request, "embedder")
        loaded = self._load(base, role)
        model = loaded.tokenizer
        with loaded.lock, torch.inference_mode(), loaded.use(folder):
            texts = [text if isinstance(text, str) else model.tokenizer.decode(text) for text in request["input"]]
            vectors = model.encode(texts, batch_size=32, convert_to_tensor=True, show_progress_bar=False).float().cpu()
            tokens = sum(
                len(ids) for ids in model.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
            )
        size = request.get("dimensions") or vectors.shape[1]
        if size > vectors.shape[1]:
            raise bad_request("invalid_value", f"{base} has {vectors.shape[1]} dimensions.", "dimensions")
        vectors = torch.nn.functional.normalize(vectors[:, :size], dim=-1)
        return {"vectors": vectors.tolist(), "tokens": tokens}

    def rerank(self, request: dict[str, Any]) -> dict[str, Any]:
        """`{"scores"}`, one per document; greater is better."""
        base, folder, role = self._resolved(request, "reranker")
        if folder is None:
            raise Problem(400, "wrong_model", f"{base} has no trained head.", "model")
        loaded = self._load(base, role)
        pairs = [[request["query"], document] for document in request["documents"]]
        with loaded.lock, torch.inference_mode(), loaded.use(folder):
            scores = loaded.tokenizer.predict(pairs, batch_size=32, show_progress_bar=False, convert_to_tensor=True)
        return {"scores": scores.float().cpu().tolist()}
