"""What a request for a job may hold: the protocol's fields, with the app's method types and hyper-parameters."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..problems import bad_request
from ..serving.catalogue import BaseModel as BaseModelFolder
from ..serving.catalogue import find_model
from ..training.options import METHODS, knobs_of, number, read_value
from .context import Context

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Suffix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
MOST_TRIALS = 50


class JobShape(BaseModel):
    """What is learned, and how. Fields that only OpenAI's own service has (service tiers) are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    model: Name
    method: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class CreateJob(JobShape):
    """With the rows that are learned from."""

    training_file: Name
    validation_file: Name | None = None
    suffix: Suffix | None = None
    metadata: dict[str, Annotated[str, StringConstraints(max_length=512)]] | None = Field(None, max_length=16)


def method_of(body: JobShape) -> str:
    """`{"type": "embedder", "embedder": {…}}`; without one: supervised."""
    kind = (body.method or {}).get("type", "supervised")
    if kind not in METHODS:
        raise bad_request("unknown_method", f"The method has to be one of {', '.join(METHODS)}.", "method.type")
    return str(kind)


def base_of(context: Context, body: JobShape, method: str) -> BaseModelFolder:
    """The base model. Raises a problem when it is none of the kind that the method tunes."""
    base = find_model(context.settings, body.model)
    wanted = "embedder" if method in ("embedder", "reranker") else "generator"
    if base.role != wanted:
        raise bad_request("wrong_model", f"{base.id} is a {base.role}; {method} needs a {wanted}.", "model")
    return base


def seed_of(body: JobShape, settings: dict[str, Any]) -> int:
    """Of the request, or the knob."""
    return int(settings["seed"]) if body.seed is None else body.seed


def options_of(body: JobShape, method: str) -> dict[str, Any]:
    """What stands under the method's own name."""
    options = (body.method or {}).get(method) or {}
    if not isinstance(options, dict):
        raise bad_request("invalid_value", f"method.{method} is no object.", f"method.{method}")
    return options


def hyperparameters_of(body: JobShape, method: str) -> dict[str, Any]:
    """Of the method, or in the older place at the top."""
    found = options_of(body, method).get("hyperparameters") or body.hyperparameters or {}
    if not isinstance(found, dict):
        raise bad_request("invalid_value", "hyperparameters is no object.", "hyperparameters")
    return found


def search_of(body: CreateJob, method: str) -> dict[str, Any] | None:
    """
    `{"trials": 8, "space": {"learningRate": {"low": 1e-4, "high": 1e-2}, "rank": [4, 8, 16]}}`: which knobs are to be
    found out by short runs, judged on the validation part.
    """
    search = options_of(body, method).get("search")
    if search is None:
        return None
    param = f"method.{method}.search"
    if not isinstance(search, dict) or not isinstance(search.get("space"), dict) or not search["space"]:
        raise bad_request("invalid_search", "A search needs 'trials' and a 'space' of knobs.", param)
    knobs = knobs_of(method)
    space: dict[str, Any] = {}
    for name, values in search["space"].items():
        if name not in knobs:
            raise bad_request("unknown_hyperparameter", f"There is no hyper-parameter '{name[:60]}'.", param)
        if isinstance(values, list) and values:
            space[name] = [read_value(name, knobs[name], value) for value in values]
        elif isinstance(values, dict) and knobs[name]["kind"] == "number":
            low, high = (read_value(name, knobs[name], values.get(side)) for side in ("low", "high"))
            if not low < high:
                raise bad_request("invalid_search", f"'{name}' needs 'low' below 'high'.", param)
            space[name] = {"low": low, "high": high}
        else:
            raise bad_request("invalid_search", f"'{name}' needs a list of values, or 'low' and 'high'.", param)
    trials = round(number(f"{param}.trials", search.get("trials", 8), 1, MOST_TRIALS))
    return {"trials": trials, "space": space}
