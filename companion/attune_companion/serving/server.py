"""
The process that answers with models. Forked from the zygote, so that loading a model that is too big ends this process
and not the service. One connection per request on a socket that only this user reaches: a line of JSON in, lines out,
the last one `{"end": true}` or `{"problem": …}`. A closed connection stops the answer.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..jobs.worker import is_out_of_memory
from ..problems import Problem
from ..settings import Settings
from ..watching.logs import set_up_logs
from .host import ModelHost

log = logging.getLogger(__name__)


def serve(settings: Settings, path: str) -> None:
    """Answers until it is killed."""
    set_up_logs()
    host = ModelHost(settings)
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o600)  # noqa: PTH101
    listener.listen(256)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(host, connection), daemon=True).start()


def answer(host: ModelHost, connection: socket.socket) -> None:
    """One request."""
    with connection, connection.makefile("rwb") as stream:
        try:
            request = json.loads(stream.readline())
            for part in handle(host, request, connection):
                stream.write((json.dumps(part) + "\n").encode())
                stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            # The caller has gone; what was generated for it ends here.
            pass
        except ValueError as error:
            log.warning("bad request", extra={"error": type(error).__name__})


def handle(host: ModelHost, request: dict[str, Any], connection: socket.socket) -> Iterator[dict[str, Any]]:
    """The parts of an answer; problems become the last part."""
    try:
        kind = request["kind"]
        if kind == "chat":
            yield from host.chat(request, lambda: is_closed(connection))
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


def is_closed(connection: socket.socket) -> bool:
    """Whether the caller hung up: it sends nothing after its request, so anything to read is the end."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
