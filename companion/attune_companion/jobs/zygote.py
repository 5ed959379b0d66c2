"""
The process that job processes are forked from.

Importing the training libraries takes half a minute of computing; it is done here once, and a job begins at once. The
service stays small, and an error, a kill or lack of memory ends a job and nothing else. Commands come as lines of JSON
on stdin, news leave on stdout. When the service dies, stdin ends, this process ends, and the kernel ends its children:
no orphan goes on writing beside the service that comes back.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..settings import Settings

PR_SET_PDEATHSIG = 1
PRELOADED = (
    "transformers.models.bert.modeling_bert",
    "transformers.models.llama.modeling_llama",
    "attune_companion.training.embedder",
    "attune_companion.training.reranker",
    "attune_companion.training.preference",
    "attune_companion.training.probe",
)


def say(news: dict[str, Any]) -> None:
    """One line to the service."""
    os.write(1, (json.dumps(news) + "\n").encode())


def main() -> None:
    """Serves commands until stdin ends."""
    settings = Settings.from_json(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Importing Ray starts nothing; it connects in the job's own process.
    for name in (*PRELOADED, *(("attune_companion.jobs.ray_engine",) if settings.ray else ())):
        importlib.import_module(name)
    say({"ready": hardware()})
    children: dict[int, str] = {}
    reader, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending = b""
    import select

    while True:
        ready, _, _ = select.select([0, reader], [], [])
        if reader in ready:
            os.read(reader, 4096)
            reap(children)
        if 0 in ready:
            part = os.read(0, 65536)
            if not part:
                return
            *lines, pending = (pending + part).split(b"\n")
            for line in lines:
                obey(json.loads(line), settings, children)


def reap(children: dict[int, str]) -> None:
    """Tells of every child that has ended, and how."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        say({"ended": children.pop(pid, ""), "code": code})


def obey(command: dict[str, Any], settings: Settings, children: dict[int, str]) -> None:
    """`run`: a job; `measure`: an estimate; `serve`: answers, on a socket; `kill`: by the same names."""
    if "kill" in command:
        for pid, name in children.items():
            if name == command["kill"]:
                os.kill(pid, signal.SIGKILL)
    elif "run" in command:
        from .worker import work

        children[fork(lambda: work(settings, command["run"]))] = command["run"]
    elif "measure" in command:
        from .measuring import estimate

        folder, asked = Path(command["folder"]), command["asked"]
        children[fork(lambda: estimate(settings, folder, asked))] = command["measure"]
    elif "serve" in command:
        from ..serving.server import serve

        children[fork(lambda: serve(settings, command["serve"]))] = "serving"


def fork(body: Callable[[], None]) -> int:
    """Runs `body` in a child that dies with this process."""
    pid = os.fork()
    if pid > 0:
        return pid
    code = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # Libraries print; stdout belongs to the news.
        os.dup2(2, 1)
        body()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def hardware() -> dict[str, Any]:
    """What this machine computes with. CUDA is asked through its management library, which starts nothing."""
    import torch

    found: dict[str, Any] = {"gpus": [], "torch": torch.__version__, "pid": os.getpid()}
    if torch.cuda.is_available():
        found["gpus"] = gpus()
    return found


def gpus() -> list[dict[str, Any]]:
    """Names and memory in bytes, as the driver's own tool says."""
    import subprocess

    query = ["nvidia-smi", "--query-gpu=name,memory.total,memory.used", "--format=csv,noheader,nounits"]
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    cells = [[cell.strip() for cell in line.split(",")] for line in lines]
    return [
        {"name": name, "memory": int(total) * 2**20, "used": int(used) * 2**20}
        for name, total, used in (row for row in cells if len(row) == 3)
    ]


if __name__ == "__main__":
    main()
