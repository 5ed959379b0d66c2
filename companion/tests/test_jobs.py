"""Every kind of job, by the official Python client, from upload to an answer of the tuned model."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import openai
import pytest
from safetensors.numpy import load

from .rows import chats, jsonl, pairs, preferences
from .service import Service, until

QUICK = {"steps": 6, "batchSize": 4, "maxTokens": 64, "checkpointEvery": 3, "validateEvery": 3, "rank": 4}


def adapter_of(service: Service, name: str) -> dict[str, bytes]:
    """The files of a downloaded adapter."""
    answer = service.http.get(f"/v1/models/{name}/adapter")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def curve_of(service: Service, job_id: str) -> dict[int, float]:
    """Loss by step."""
    points = [event.data for event in service.events(job_id) if "train_loss" in (event.data or {})]
    return {point["step"]: point["train_loss"] for point in points}


CASES: list[tuple[str, str, str, str]] = [
    ("supervised", "tiny-llama", jsonl(chats(24)), "generator"),
    ("supervised", "tiny-llama", jsonl(pairs(24)), "generator"),
    ("causal", "tiny-llama", jsonl([{"text": "the owl lives in the tree " * 8}] * 24), "generator"),
    ("dpo", "tiny-llama", jsonl(preferences(24)), "generator"),
    ("embedder", "tiny-bert", jsonl(pairs(40)), "embedder"),
    ("reranker", "tiny-bert", jsonl(pairs(40)), "reranker"),
]


@pytest.mark.parametrize(
    ("method", "base", "text", "role"), CASES, ids=["chat", "with context", "causal", "dpo", "embedder", "reranker"]
)
def test_a_job_leads_to_an_adapter(service: Service, method: str, base: str, text: str, role: str) -> None:
    more: dict[str, Any] = (
        {"hardNegatives": 2, "chunkTokens": 128} if role in ("embedder", "reranker") else {"maxTokens": 480}
    )
    created = service.job(method, base, service.upload(text), suffix="test", hyperparameters={**QUICK, **more}, seed=3)
    assert created.status == "queued"
    assert created.method.type == method
    job = service.wait(created.id, "succeeded")
    assert job.fine_tuned_model == f"ft:{base}:test:{job.id[-8:]}"
    assert job.seed == 3
    assert job.finished_at >= job.created_at

    curve = [event.data for event in service.events(job.id) if event.type == "metrics"]
    losses = [point["train_loss"] for point in curve if "train_loss" in point]
    assert len(losses) == 6
    assert np.isfinite(losses).all()
    checkpoints = service.openai.fine_tuning.jobs.checkpoints.list(job.id).data
    assert [point.step_number for point in checkpoints] == [6, 3]
    assert job.evaluation["score"]
    assert 0 <= job.evaluation["base"] <= 1
    result = service.openai.files.content(job.result_files[0]).text
    assert result.splitlines()[0] == "step,train_loss,learning_rate"
    assert len(result.splitlines()) == 7

    files = adapter_of(service, job.fine_tuned_model)
    config, card = json.loads(files["adapter_config.json"]), json.loads(files["attune.json"])
    tensors = load(files["adapter_model.safetensors"])
    assert config["peft_type"] == "LORA"
    assert config["r"] == 4
    assert config["base_model_name_or_path"] == base
    assert any(np.abs(tensor).max() > 0 for name, tensor in tensors.items() if "lora_B" in name)
    assert card["role"] == role
    assert card["seed"] == 3
    assert card["data"]["sha256"] == service.openai.files.retrieve(job.training_file).sha256
    assert card["libraries"]["peft"]
    listed = {model.id: model for model in service.openai.models.list()}
    assert card["base"] == {"id": base, "sha256": listed[base].sha256}
    assert listed[job.fine_tuned_model].role == role
    if method == "supervised" and "passage" in text:
        assert card["recipe"]["passages"] == 3
    if role == "reranker":
        assert any(name.endswith("classifier.weight") for name in tensors)


def test_a_ranking_model_begins_with_the_order_of_the_search(service: Service) -> None:
    # What hardly learns and hardly counts changes no order.
    settings = {**QUICK, "hardNegatives": 2, "learningRate": 1e-6, "searchWeight": 100}
    job = service.job("reranker", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=settings)
    evaluation = service.wait(job.id, "succeeded").evaluation
    # Words find what a random model does not.
    assert evaluation["base"] == evaluation["tuned"] > 0.5


def test_equal_seeds_give_equal_adapters_and_others_do_not(service: Service) -> None:
    file = service.upload(jsonl(pairs(40)))
    jobs = [service.job("embedder", "tiny-bert", file, hyperparameters=QUICK, seed=seed) for seed in (1, 1, 2)]
    names = [service.wait(job.id, "succeeded").fine_tuned_model for job in jobs]
    weights = [adapter_of(service, name)["adapter_model.safetensors"] for name in names]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_a_paused_job_goes_on_to_the_same_adapter(service: Service) -> None:
    file = service.upload(jsonl(chats(24)))
    long = {**QUICK, "steps": 40, "checkpointEvery": 5, "validateEvery": 10, "patience": 0}
    whole = service.job("supervised", "tiny-llama", file, hyperparameters=long, seed=5)
    name = service.wait(whole.id, "succeeded").fine_tuned_model
    broken = service.job("supervised", "tiny-llama", file, hyperparameters=long, seed=5)
    until("some steps", lambda: service.openai.fine_tuning.jobs.retrieve(broken.id).step >= 2)
    service.openai.fine_tuning.jobs.pause(broken.id)
    paused = service.wait(broken.id, "paused", "succeeded")
    assert paused.status == "paused"
    assert 0 < paused.step < 40
    service.openai.fine_tuning.jobs.resume(broken.id)
    again = service.wait(broken.id, "succeeded").fine_tuned_model
    curves = [curve_of(service, job.id) for job in (whole, broken)]
    assert curves[0] == curves[1]
    first, second = (load(adapter_of(service, tuned)["adapter_model.safetensors"]) for tuned in (name, again))
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


def test_a_cancelled_job_stops_and_leaves_no_model(service: Service) -> None:
    file = service.upload(jsonl(chats(24)))
    job = service.job("supervised", "tiny-llama", file, hyperparameters={**QUICK, "steps": 5000, "patience": 0})
    waiting = service.job("supervised", "tiny-llama", file, hyperparameters=QUICK)
    assert service.openai.fine_tuning.jobs.cancel(waiting.id).status == "cancelled"
    with pytest.raises(openai.APIStatusError) as refused:
        service.openai.files.delete(file)
    assert refused.value.status_code == 409
    until("a step", lambda: service.openai.fine_tuning.jobs.retrieve(job.id).step >= 1)
    service.openai.fine_tuning.jobs.cancel(job.id)
    until("the end", lambda: service.openai.fine_tuning.jobs.retrieve(job.id).status == "cancelled")
    assert service.openai.fine_tuning.jobs.retrieve(job.id).fine_tuned_model is None
    until("an empty folder", lambda: not (service.data / "jobs" / job.id).exists())
    with pytest.raises(openai.BadRequestError):
        service.openai.fine_tuning.jobs.resume(job.id)
    assert service.openai.files.delete(file).deleted


def test_a_stream_of_events_can_be_taken_up_again(service: Service) -> None:
    job = service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
    url = f"/v1/fine_tuning/jobs/{job.id}/events?stream=true"

    def read(headers: dict[str, str], most: int) -> list[str]:
        lines: list[str] = []
        with service.http as client, client.stream("GET", url, headers=headers, timeout=240) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith(("id:", "data:")):
                    lines.append(line)
                if len(lines) >= most:
                    break
        return lines

    first = read({}, 4)
    rest = read({"last-event-id": first[2].removeprefix("id: ")}, 10**6)
    assert rest[-1] == "data: [DONE]"
    seen = [line for line in [*first, *rest] if line.startswith("id:")]
    assert len(seen) == len(set(seen))
    assert seen == [f"id: {event.id}" for event in service.events(job.id)]


def test_a_search_tries_settings_and_keeps_the_best(service: Service) -> None:
    search = {"trials": 3, "space": {"rank": [2, 4], "learningRate": {"low": 1e-4, "high": 1e-2}}}
    job = service.job(
        "embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK, options={"search": search}
    )
    done = service.wait(job.id, "succeeded")
    trials = [event for event in service.events(job.id) if event.message.startswith("Trial ")]
    assert [(event.data["trial"], event.data["trials"]) for event in trials] == [(1, 3), (2, 3), (3, 3)]
    best = max(trials, key=lambda event: event.data["value"]).data["settings"]
    card = json.loads(adapter_of(service, done.fine_tuned_model)["attune.json"])
    assert {name: card["settings"][name] for name in best} == best


def test_bad_rows_are_refused_before_a_job_exists(service: Service) -> None:
    count = len(list(service.openai.fine_tuning.jobs.list(limit=1000)))
    file = service.upload(jsonl(chats(3)) + '{"messages": NaN}\n')
    with pytest.raises(openai.BadRequestError) as raised:
        service.job("supervised", "tiny-llama", file)
    assert raised.value.code == "invalid_training_file"
    assert raised.value.param == "training_file"
    assert "Row 4 " in raised.value.message
    assert len(list(service.openai.fine_tuning.jobs.list(limit=1000))) == count


@pytest.mark.parametrize(
    ("model", "method", "code"),
    [
        ("missing", "supervised", "model_not_found"),
        ("../tiny-llama", "supervised", "model_not_found"),
        ("tiny-bert", "supervised", "wrong_model"),
        ("tiny-llama", "embedder", "wrong_model"),
        ("tiny-llama", "telepathy", "unknown_method"),
    ],
)
def test_a_job_that_cannot_be_is_refused(service: Service, model: str, method: str, code: str) -> None:
    file = service.upload(jsonl(chats(3)))
    with pytest.raises(openai.APIStatusError) as raised:
        service.job(method, model, file)
    assert raised.value.code == code


def test_a_base_without_pooler_makes_no_reranker(service: Service) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        service.job("reranker", "no-pooler", service.upload(jsonl(pairs(40))), hyperparameters=QUICK)
    assert raised.value.code == "wrong_model"
