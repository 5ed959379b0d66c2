"""Models that answer: bases, adapters by name, checkpoints, uploads; by the official client."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from typing import Any

import numpy as np
import openai
import pytest

from .rows import chats, jsonl, pairs
from .service import Service, until
from .test_jobs import QUICK, adapter_of

ASK: list[Any] = [{"role": "user", "content": "Say cat"}]


@pytest.fixture(scope="module")
def tuned(service: Service) -> dict[str, str]:
    """A model of each kind."""
    strong = {**QUICK, "steps": 60, "learningRate": 0.02, "checkpointEvery": 30, "validateEvery": 0}
    jobs = {
        "generator": service.job("supervised", "tiny-llama", service.upload(jsonl(chats(24))), hyperparameters=strong),
        "embedder": service.job("embedder", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK),
        "reranker": service.job("reranker", "tiny-bert", service.upload(jsonl(pairs(40))), hyperparameters=QUICK),
    }
    return {role: service.wait(job.id, "succeeded").fine_tuned_model for role, job in jobs.items()}


def say(service: Service, model: str, **more: Any) -> str:
    answer = service.openai.chat.completions.create(model=model, messages=ASK, temperature=0, max_tokens=12, **more)
    return answer.choices[0].message.content or ""


def test_a_tuned_model_answers_otherwise_than_its_base_from_one_set_of_weights(
    service: Service, tuned: dict[str, str]
) -> None:
    base = say(service, "tiny-llama")
    assert say(service, tuned["generator"]) != base
    assert say(service, "tiny-llama") == base
    checkpoint = f"{tuned['generator']}:ckpt-step-30"
    assert say(service, checkpoint) != base


def test_a_stream_says_the_same_as_an_answer_at_once(service: Service, tuned: dict[str, str]) -> None:
    whole = service.openai.chat.completions.create(model=tuned["generator"], messages=ASK, temperature=0, max_tokens=12)
    stream = service.openai.chat.completions.create(
        **{"model": tuned["generator"], "messages": ASK, "temperature": 0, "max_tokens": 12},
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert reasons[-1] == whole.choices[0].finish_reason
    assert chunks[-1].usage == whole.usage


def test_equal_seeds_draw_equal_answers_and_stops_are_kept(service: Service) -> None:
    def draw(seed: int) -> str:
        answer = service.openai.chat.completions.create(
            model="tiny-llama", messages=ASK, temperature=1, seed=seed, max_tokens=16
        )
        return answer.choices[0].message.content or ""

    first = draw(1)
    assert first == draw(1)
    assert first != draw(2)
    plain = say(service, "tiny-llama")
    stop = plain[3:5]
    assert say(service, "tiny-llama", stop=stop) == plain[: plain.index(stop)]


def test_hanging_up_stops_the_model(service: Service) -> None:
    stream = service.openai.chat.completions.create(model="tiny-llama", messages=ASK, stream=True, temperature=0)
    next(stream)
    stream.close()
    # The model answers one at a time: this one would wait for the other's hundreds of tokens.
    assert say(service, "tiny-llama")


def test_a_prompt_that_is_too_long_is_named(service: Service) -> None:
    long: list[Any] = [{"role": "user", "content": "a" * 1000}]
    with pytest.raises(openai.BadRequestError) as raised:
        service.openai.chat.completions.create(model="tiny-llama", messages=long)
    assert raised.value.code == "context_length_exceeded"


def test_embeddings_are_unit_vectors_that_an_adapter_changes(service: Service, tuned: dict[str, str]) -> None:
    texts = ["where does the owl live", "the owl lives in the tree", "a cow"]
    base = np.array([row.embedding for row in service.openai.embeddings.create(model="tiny-bert", input=texts).data])
    again = service.openai.embeddings.create(model=tuned["embedder"], input=texts, encoding_format="float").data
    changed = np.array([row.embedding for row in again])
    for vectors in (base, changed):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.abs(base - changed).max() > 1e-3
    short = service.openai.embeddings.create(model="tiny-bert", input=texts[0], dimensions=8).data[0].embedding
    np.testing.assert_allclose(short, base[0][:8] / np.linalg.norm(base[0][:8]), atol=1e-5)


def test_a_reranker_puts_documents_in_order(service: Service, tuned: dict[str, str]) -> None:
    body = {"model": tuned["reranker"], "query": "where is the owl", "documents": ["a", "b c", "owl"], "top_n": 2}
    results = service.http.post("/v1/rerank", json=body).json()["results"]
    assert len(results) == 2
    assert results[0]["relevance_score"] >= results[1]["relevance_score"]
    refused = service.http.post("/v1/rerank", json={**body, "model": "tiny-bert"})
    assert refused.json()["error"]["code"] == "wrong_model"


def test_an_adapter_comes_back_as_it_went(service: Service, tuned: dict[str, str]) -> None:
    files = adapter_of(service, tuned["embedder"])
    packed = zip_of(files)
    uploaded = service.http.post("/v1/files", files={"file": ("mine.zip", packed)}, data={"purpose": "adapter"}).json()
    texts = ["the owl lives in the tree"]
    vectors = [
        service.openai.embeddings.create(model=name, input=texts).data[0].embedding
        for name in (tuned["embedder"], uploaded["model"])
    ]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
    assert service.openai.models.delete(uploaded["model"]).deleted
    with pytest.raises(openai.NotFoundError):
        service.openai.models.retrieve(uploaded["model"])


def zip_of(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Evil:
    """A pickle that would run a command when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("raise SystemExit('ran')",))


CONFIG = json.dumps(
    {"peft_type": "LORA", "r": 4, "target_modules": ["query"], "base_model_name_or_path": "tiny-bert"}
).encode()


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"adapter_config.json": CONFIG, "adapter_model.safetensors": pickle.dumps(Evil())}, "no safetensors"),
        ({"adapter_config.json": CONFIG, "adapter_model.bin": pickle.dumps(Evil())}, "adapter_model.safetensors"),
        ({"adapter_config.json": CONFIG, "adapter_model.safetensors": b"\xff" * 64}, "no safetensors"),
        ({"adapter_config.json": b"{", "adapter_model.safetensors": b""}, "no safetensors"),
        ({"../../adapter_config.json": CONFIG, "a/adapter_config.json": CONFIG}, "once"),
        ({f"{i}": b"" for i in range(200)}, "too many files"),
    ],
    ids=["pickle", "bin", "noise", "empty", "twice", "many"],
)
def test_what_is_no_adapter_leaves_nothing_behind(service: Service, files: dict[str, bytes], reason: str) -> None:
    before = sorted((service.data / "files").iterdir()), sorted((service.data / "adapters").iterdir())
    answer = service.http.post("/v1/files", files={"file": ("evil.zip", zip_of(files))}, data={"purpose": "adapter"})
    assert answer.status_code == 400
    assert reason in answer.json()["error"]["message"]
    assert (sorted((service.data / "files").iterdir()), sorted((service.data / "adapters").iterdir())) == before


def test_a_zip_bomb_is_not_inflated(service: Service) -> None:
    bomb = zip_of(
        {"adapter_config.json": CONFIG, "adapter_model.safetensors": b"\0" * 200 * 2**20}, zipfile.ZIP_DEFLATED
    )
    assert len(bomb) < 2**20
    answer = service.http.post("/v1/files", files={"file": ("b.zip", bomb)}, data={"purpose": "adapter"})
    assert answer.status_code == 400
    assert "too large" in answer.json()["error"]["message"]


def test_names_of_files_never_become_paths(service: Service) -> None:
    for name in ("../../../../tmp/evil.jsonl", "..\\..\\evil.jsonl", "/etc/passwd", "a\0b", "con" * 500):
        answer = service.http.post("/v1/files", files={"file": (name, b"{}")}, data={"purpose": "fine-tune"})
        if answer.status_code == 200:
            shown = answer.json()
            assert "/" not in shown["filename"]
            assert "\\" not in shown["filename"]
            assert len(shown["filename"]) <= 200
            assert (service.data / "files" / shown["id"]).read_bytes() == b"{}"
        else:
            assert answer.status_code == 400
    for path in ("..%2f..%2fcompanion.sqlite", "%2e%2e/token", "....//token", "file-x/../../token"):
        for suffix in ("", "/content"):
            assert service.http.get(f"/v1/files/{path}{suffix}").status_code == 404
        assert service.http.get(f"/v1/models/{path}/adapter").status_code == 404


def test_deleted_rows_are_gone_from_the_disk(service: Service) -> None:
    secret = "a row that nobody else has 7c1f"
    file = service.upload(jsonl([{"text": secret}] * 3))
    assert service.openai.files.content(file).text.count(secret) == 3
    assert service.openai.files.delete(file).deleted
    with pytest.raises(openai.NotFoundError):
        service.openai.files.retrieve(file)
    for path in service.data.rglob("*"):
        if path.is_file() and path.name != "companion.sqlite-shm":
            assert secret.encode() not in path.read_bytes(), path


def test_neither_rows_nor_prompts_are_in_the_log(service: Service, tuned: dict[str, str]) -> None:
    log = service.log.read_text()
    assert "Say cat" not in log
    assert "lives in the" not in log
    assert tuned["generator"] not in log
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["event"] == "request" and line["route"] == "/v1/embeddings" for line in lines)


def test_what_the_node_is_and_does_can_be_seen(service: Service, tuned: dict[str, str]) -> None:
    system = service.http.get("/v1/system").json()
    assert system["ready"] is True
    assert system["memory"]["total"] > system["memory"]["available"] > 0
    assert system["queue"]["succeeded"] >= 3
    assert set(system["methods"]) == {"supervised", "causal", "dpo", "embedder", "reranker"}
    text = service.http.get("/metrics").text
    assert 'attune_jobs{status="succeeded"}' in text
    assert "attune_request_seconds_bucket" in text
    assert until("readiness", lambda: service.http.get("/health/ready").json()["status"] == "ok")
