"""A request of any kind to the parts of its answer; the last one is `{"end": true}` or `{"problem": …}`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..jobs.failures import is_out_of_memory
from ..problems import Problem
from .host import ModelHost

log = logging.getLogger(__name__)


def parts_of(host: ModelHost, request: dict[str, Any], closed: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """The parts of an answer; problems become the last part."""
    try:
        kind = request["kind"]
        if kind == "chat":
            yield from host.chat(request, closed)
        elif kind == "embed":
            yield host.embed(request)
        elif kind == "rerank":
            yield host.rerank(request)
        yield {"end": True}
    except Problem as problem:
        yield {"problem": [problem.status, problem.code, problem.message, problem.param]}
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:
        log.error("answer failed", extra={"error": type(error).__name__}, exc_info=True)
        if is_out_of_memory(error):
            host.forget()
            yield {"problem": [507, "out_of_memory", "The model does not fit into memory beside the others.", "model"]}
        else:
            yield {"problem": [500, "internal_error", f"The model ended with {type(error).__name__}.", None]}
