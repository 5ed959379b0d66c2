"""
Answers by the Ray cluster: replicas of Ray Serve, each with models of its own, asked in turn by the process that
answers here. Names are looked up here, since only this machine has the database; models and adapters lie on storage
that all share.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import ray
from ray import serve
from ray.serve.config import ProxyLocation

from ..jobs.ray_engine import connect, environment, has_gpus
from ..problems import Problem
from ..settings import Settings
from .host import ModelHost
from .parts import parts_of

log = logging.getLogger(__name__)
APPLICATION = "attune-companion"
TRIES = 3
MOST_AT_ONCE = 32


class Replica:
    """A process of the cluster that answers as the one on the service's machine does."""

    def __init__(self, settings: Settings) -> None:
        self._host = ModelHost(settings)

    async def answer(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The parts of an answer. A thread makes them: PyTorch's modes belong to the thread that entered them."""
        loop, gone = asyncio.get_running_loop(), threading.Event()
        parts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def work() -> None:
            for part in parts_of(self._host, request, gone.is_set):
                loop.call_soon_threadsafe(parts.put_nowait, part)

        threading.Thread(target=work, daemon=True).start()
        try:
            while True:
                part = await parts.get()
                yield part
                if "end" in part or "problem" in part:
                    return
        finally:
            gone.set()


class Cluster:
    """The replicas, from the side of the service."""

    def __init__(self, settings: Settings) -> None:
        connect(settings)
        self._names = ModelHost(settings)
        options = {"num_gpus": 1 if has_gpus() else 0, "runtime_env": environment()}
        deployment: Any = serve.deployment(
            Replica,
            num_replicas=settings.ray_replicas,
            max_ongoing_requests=MOST_AT_ONCE,
            ray_actor_options=options,
        )
        # Asked from here alone, behind the service's token: Ray's own doors stay shut.
        serve.start(proxy_location=ProxyLocation.Disabled)
        self._handle: Any = serve.run(deployment.bind(settings), name=APPLICATION, route_prefix=None)

    def parts(self, request: dict[str, Any], closed: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """As `parts_of`. Where a replica was lost before its first part, another one is asked."""
        try:
            request = {**request, "resolved": self._names.resolve(request["model"])}
        except Problem as problem:
            yield {"problem": [problem.status, problem.code, problem.message, problem.param]}
            return
        for attempt in range(TRIES):
            begun = False
            answer = self._handle.options(stream=True, method_name="answer").remote(request)
            try:
                for part in answer:
                    begun = True
                    yield part
                    if closed():
                        return
                return
            except ray.exceptions.RayError as error:
                log.warning("replica lost", extra={"attempt": attempt + 1, "error": type(error).__name__})
                if begun:
                    break
            finally:
                answer.cancel()
        yield {"problem": [503, "replica_lost", "The machine that answered was lost. Ask again.", None]}


def take_down(settings: Settings) -> None:
    """Ends the replicas, which would outlive the service. Other applications on the cluster stay."""
    connect(settings, tries=1)
    serve.delete(APPLICATION)
    ray.shutdown()


if __name__ == "__main__":
    take_down(Settings.from_json(sys.argv[1]))
