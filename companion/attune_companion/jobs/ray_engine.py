"""
The same run on a Ray cluster: Ray Train starts one process per GPU, or per worker on CPUs, on one machine or several,
with PyTorch's data parallelism between them. Rows travel through Ray's object store, checkpoints lie on storage that
all nodes see. When a worker is lost, Ray starts the group again and the run goes on from the last checkpoint.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ..problems import Problem
from ..settings import Settings
from ..training.contract import JobSpec, Outcome, Reporter
from .desk import Desk, pass_on
from .ray_data import ask_cluster

log = logging.getLogger(__name__)
LOOK_EVERY = 0.2
CONNECT_TRIES = 4
WAITS = (5.0, 60.0)
"""Seconds between looks for a cluster that is away: at first, doubling up to so many."""
LOST = (ray.exceptions.RayActorError, ray.exceptions.RaySystemError, ray.exceptions.NodeDiedError, ConnectionError)
"""What calls end with when a machine of the cluster goes, or all of it. A worker's own errors are none of them."""
TOKEN_WANTED = (
    "The Ray cluster asks for a token. Start the node with RAY_AUTH_MODE=token, and with the cluster's token in"
    " RAY_AUTH_TOKEN or in ~/.ray/auth_token."
)


class DeskReporter:
    """A `Reporter` from a worker on any machine."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def message(self, text: str, level: str = "info") -> None:
        self._desk.tell.remote("message", text, level)

    def metrics(self, step: int, total: int, figures: dict[str, float]) -> None:
        self._desk.tell.remote("metrics", step, total, figures)

    def checkpoint(self, step: int, figures: dict[str, float]) -> None:
        # Waited for: what is announced as kept has been told before the next step begins.
        ray.get(self._desk.tell.remote("checkpoint", step, figures))

    def wanted(self) -> str | None:
        return ray.get(self._desk.wanted.remote())


def loop(config: dict[str, Any]) -> None:
    """Runs in every worker."""
    from ..training.run import run

    desk = config["desk"]
    if ray.get(desk.result.remote())[1] is not None:
        # The owner's to mend: starting again would not help.
        return
    try:
        outcome = run(ray.get(config["spec"][0]), DeskReporter(desk))
    except Problem as problem:
        ray.get(desk.end.remote(None, problem))
        # The others wait for this worker in the middle of a sum: Ray ends them with it.
        raise
    if ray.train.get_context().get_world_rank() == 0:
        ray.get(desk.end.remote(outcome, None))


def group_loop(config: dict[str, Any]) -> None:
    """One call in every worker, of which the first tells what came of it."""
    result = config["work"](*ray.get(config["values"][0]))
    if ray.train.get_context().get_world_rank() == 0:
        ray.get(config["desk"].end.remote(result, None))


def run_on_ray(spec: JobSpec, reporter: Any, settings: Settings) -> Outcome:
    """Drives a job on the cluster and passes its news on. Raises the worker's problem, or 503 `cluster_lost`."""
    stopped = wait_for_cluster(settings, reporter)
    if stopped is not None:
        return Outcome(stopped)
    try:
        return drive(spec, reporter, settings)
    except LOST as error:
        log.warning("cluster lost", extra={"job": spec.id, "error": type(error).__name__})
        raise Problem(503, "cluster_lost", "The Ray cluster was lost in the middle of the run.") from None
    finally:
        # This process ends without a farewell: of a cluster that it started here, parts would stay behind.
        ray.shutdown()


def wait_for_cluster(settings: Settings, reporter: Reporter) -> str | None:
    """
    Connects, however long the cluster is away: every job of the queue needs it, and would fail in its turn. Returns
    'cancel' or 'pause' where the owner asks for it meanwhile.
    """
    wait, longest = WAITS
    told = False
    while True:
        try:
            connect(settings)
            return None
        except Problem as problem:
            if problem.code != "cluster_unavailable" or settings.ray == "local":
                raise
        if not told:
            reporter.message("The Ray cluster cannot be reached. The job waits until it is back.", "warn")
            told = True
        again = time.monotonic() + wait
        while True:
            wanted = reporter.wanted()
            if wanted is not None:
                return wanted
            if time.monotonic() >= again:
                break
            time.sleep(LOOK_EVERY)
        wait = min(2 * wait, longest)


def drive(spec: JobSpec, reporter: Any, settings: Settings) -> Outcome:
    """The run itself, on a cluster that is connected."""
    asked = ask_cluster(dataclasses.replace(spec, workers=settings.ray_workers), reporter, has_gpus())
    if isinstance(asked, Outcome):
        return asked
    spec = asked
    desk = desk_here()
    storage = spec.folder / "ray"
    # In a list: Ray would replace a bare reference by its value and copy it into every worker's arguments.
    config = {"desk": desk, "spec": [ray.put(spec)]}
    trainer = group(loop, config, spec.workers, storage, settings.attempts)
    failure: list[BaseException] = []

    def fit() -> None:
        try:
            trainer.fit()
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=fit, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_EVERY)
        pass_on(ray.get(desk.take.remote(reporter.wanted())), reporter)
    pass_on(ray.get(desk.take.remote(None)), reporter)
    outcome, problem = ray.get(desk.result.remote())
    shutil.rmtree(storage, ignore_errors=True)
    if problem is not None:
        raise problem
    if outcome is None:
        raise failure[0] if failure else RuntimeError("the cluster ended the run without a result")
    return outcome


def has_gpus() -> bool:
    """Whether the cluster that is connected has any."""
    return bool(ray.cluster_resources().get("GPU", 0) > 0)


def desk_here() -> Any:
    """Beside this process: the loss of any other machine is for Ray Train to mend, and must not take the news along."""
    here: Any = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Desk).remote()


def group(
    body: Callable[[dict[str, Any]], None], config: dict[str, Any], workers: int, storage: Path, failures: int
) -> TorchTrainer:
    """Workers with a process group, one for each GPU where the cluster has any."""
    gpus = has_gpus()
    return TorchTrainer(
        body,
        train_loop_config=config,
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpus),
        torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
        run_config=RunConfig(
            name="train", storage_path=str(storage), failure_config=FailureConfig(max_failures=failures)
        ),
    )


def on_all_workers(settings: Settings, storage: Path, work: Callable[..., Any], *values: Any) -> Any:
    """One call by each of a job's workers, as a group. What it came to for the first. Raises what ended the group."""
    connect(settings)
    try:
        desk = desk_here()
        config = {"desk": desk, "work": work, "values": [ray.put(values)]}
        group(group_loop, config, settings.ray_workers, storage, 0).fit()
        return ray.get(desk.result.remote())[0]
    finally:
        ray.shutdown()


def on_a_worker(settings: Settings, work: Callable[..., Any], *values: Any) -> Any:
    """One call by a process of the cluster, on a GPU where it has any. Raises what the call raised."""
    connect(settings)
    try:
        return ray.get(ray.remote(num_gpus=1 if has_gpus() else 0)(work).remote(*values))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    finally:
        ray.shutdown()


def environment() -> dict[str, Any]:
    """What processes of the cluster need to find this package, and to ask nobody for anything."""
    package = str(Path(__file__).parent.parent.parent)
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
    return {"env_vars": {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}}


def connect(settings: Settings, tries: int = CONNECT_TRIES) -> None:
    """To a cluster that runs ('auto', an address), or to one that is started here ('local')."""
    options: dict[str, Any] = {
        "runtime_env": environment(),
        "log_to_driver": False,
        "logging_level": "ERROR",
    }
    if settings.ray == "local":
        # By default Ray's workers give way to everything else: beside any other work a run would take for ever.
        os.environ.setdefault("RAY_worker_niceness", "0")
        # A socket's path is short: Ray's own folder cannot lie below ours. Without the address Ray takes a cluster that
        # it knows of on this machine, and refuses the processors.
        options |= {
            "address": "local",
            "num_cpus": max(settings.ray_workers + 1, os.cpu_count() or 1),
            "include_dashboard": False,
        }
    else:
        options["address"] = settings.ray
    for attempt in range(tries):
        try:
            ray.init(**options)
            return
        except Exception as error:
            # Ray gives a node half a minute to come up, which is too little where the machine is busy.
            log.warning("no cluster", extra={"attempt": attempt + 1, "error": type(error).__name__})
            ray.shutdown()
            if asks_for_token(error):
                raise Problem(503, "cluster_token", TOKEN_WANTED) from None
    raise Problem(503, "cluster_unavailable", "The Ray cluster cannot be reached. Look whether it runs.")


def asks_for_token(error: BaseException | None) -> bool:
    """Ray tells of a missing token in the text of a cause alone, below an error of the connection."""
    if error is None:
        return False
    refused = isinstance(error, ray.exceptions.AuthenticationError) or "AuthenticationError" in str(error)
    return refused or asks_for_token(error.__cause__)
