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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ..settings import Settings
from ..watching.logs import set_up_logs
from .host import ModelHost
from .parts import parts_of

log = logging.getLogger(__name__)
Parts = Callable[[dict[str, Any], Callable[[], bool]], Iterator[dict[str, Any]]]
"""A request and whether its caller hung up, to the parts of the answer."""


def serve(settings: Settings, path: str) -> None:
    """Answers until it is killed."""
    set_up_logs()
    parts = answering(settings)
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o600)  # noqa: PTH101
    listener.listen(256)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(parts, connection), daemon=True).start()


def answering(settings: Settings) -> Parts:
    """By models in this process, or by replicas on the cluster."""
    if settings.ray_replicas > 0:
        from .cluster import Cluster

        return Cluster(settings).parts
    return partial(parts_of, ModelHost(settings))


def answer(parts: Parts, connection: socket.socket) -> None:
    """One request."""
    with connection, connection.makefile("rwb") as stream:
        try:
            request = json.loads(stream.readline())
            for part in parts(request, lambda: is_closed(connection)):
                stream.write((json.dumps(part) + "\n").encode())
                stream.flush()
        except (BrokenPipeError, ConnectionResetError):
            # The caller has gone; what was generated for it ends here.
            pass
        except ValueError as error:
            log.warning("bad request", extra={"error": type(error).__name__})


def is_closed(connection: socket.socket) -> bool:
    """Whether the caller hung up: it sends nothing after its request, so anything to read is the end."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
