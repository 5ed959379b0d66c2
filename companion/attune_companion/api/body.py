"""Bodies of requests: JSON without NaN, checked against a model, with errors in the protocol's form."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from ..problems import bad_request

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as `model`. Raises a problem that names the field."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number of JSON")

    try:
        value: Any = json.loads(await request.body(), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise bad_request("invalid_json", "The body is no JSON.") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:200]
        raise bad_request("invalid_value", f"{where or 'The body'}: {first['msg'][:300]}.", where or None) from None
