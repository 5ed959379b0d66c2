"""What a job would take, before there is one: measured on rows of nobody, beside no job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from .rows import jsonl, pairs
from .service import Service, running, until
from .test_jobs import QUICK

BASES = {"supervised": "tiny-llama", "causal": "tiny-llama", "dpo": "tiny-llama"}
# Some seconds of computing: enough for something else to come.
LARGE = {"batchSize": 256, "maxTokens": 64, "chunkTokens": 128}


def ask(service: Service, method: str, hyperparameters: dict[str, Any], **more: Any) -> httpx.Response:
    options = {"type": method, method: {"hyperparameters": hyperparameters}}
    body = {"model": BASES.get(method, "tiny-bert"), "method": options, "rows": 30, **more}
    return service.http.post("/v1/estimates", json=body, timeout=200)


def measuring(service: Service) -> bool:
    folder = service.data / "estimates"
    return folder.exists() and any(folder.iterdir())


@pytest.mark.parametrize("method", ["supervised", "causal", "dpo", "embedder", "reranker"])
def test_every_method_is_measured_before_its_first_job(service: Service, method: str) -> None:
    service.wait_ready()
    more = {"hardNegatives": 2, "maxTokens": 64} if method in ("embedder", "reranker") else {"maxTokens": 480}
    found = ask(service, method, {"batchSize": 4, **more}).json()
    assert found.get("fits") is True, f"{found}\n{service.tail()}"
    assert found["seconds_per_step"] > 0
    assert found["seconds"] == pytest.approx(found["seconds_per_step"] * found["steps"])
    assert 0 < found["memory_bytes"] < found["memory_limit"]
    assert found["workers"] == 1
    assert not measuring(service)


def test_its_steps_are_those_of_the_job(service: Service) -> None:
    service.wait_ready()
    learning = {"batchSize": 4, "epochs": 2, "accumulation": 2, "maxTokens": 64, "validateEvery": 0}
    settings = {**learning, "examplesLimit": 16}
    characters = {"question": 40, "answer": 5, "passage": 50}
    found = ask(service, "embedder", settings, validation_rows=10, characters=characters).json()
    job = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=settings)
    service.wait(job.id, "succeeded")
    points = [event.data for event in service.events(job.id) if "train_loss" in (event.data or {})]
    assert found["steps"] == points[-1]["total_steps"] == 2 * 16 // (4 * 2)
    # Looking at the validation part takes time as well.
    assert found["seconds"] > found["seconds_per_step"] * found["steps"]


def test_a_wrong_setting_is_refused_by_its_name(service: Service) -> None:
    assert ask(service, "embedder", {"rank": 1000}).json()["error"]["param"] == "rank"
    assert ask(service, "supervised", {}, model="tiny-bert").json()["error"]["code"] == "wrong_model"
    assert ask(service, "embedder", {}, rows=0).json()["error"]["param"] == "rows"


def test_a_node_at_work_says_so_and_a_job_that_comes_goes_first(service: Service) -> None:
    service.wait_ready()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, service, "embedder", LARGE)
        until("the estimate", lambda: measuring(service))
        job = service.job(
            "embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters={**QUICK, "steps": 40}
        )
        interrupted = asked.result()
        assert interrupted.status_code == 409
        assert interrupted.json()["error"]["code"] == "busy"
        again = ask(service, "embedder", QUICK)
        assert again.json()["error"]["code"] == "busy"
    service.wait(job.id, "succeeded")
    assert ask(service, "embedder", QUICK).json()["fits"] is True


def test_hanging_up_ends_the_measuring(service: Service) -> None:
    service.wait_ready()
    with pytest.raises(httpx.ReadTimeout):
        options = {"type": "embedder", "embedder": {"hyperparameters": {**LARGE, "batchSize": 512}}}
        body = {"model": "tiny-bert", "method": options, "rows": 30}
        service.http.post("/v1/estimates", json=body, timeout=httpx.Timeout(60, read=0.5))
    until("the end", lambda: not measuring(service))
    # It was ended and did not end by itself, which the log would have with the code 0.
    assert '"code": -9' in [line for line in service.log.read_text().splitlines() if "estimate ended" in line][-1]


def test_what_does_not_fit_is_an_answer(tmp_path: Path, models: Path) -> None:
    with running(tmp_path / "data", models, "--job-memory", "64") as service:
        service.wait_ready()
        found = ask(service, "embedder", {"batchSize": 512, "maxTokens": 64, "chunkTokens": 65536}).json()
        assert found["fits"] is False
        assert found["memory_limit"] == 64 * 2**20
