"""Who gets in, and what happens to everybody else."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from attune_companion.security.rate import Buckets
from attune_companion.security.tls import fingerprint
from attune_companion.security.token import is_token

from .service import ORIGIN, Service, running

PATHS = ["/v1/models", "/v1/files", "/v1/fine_tuning/jobs", "/v1/system", "/metrics", "/openapi.json", "/"]


def raw(service: Service, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, Any]:
    """A request exactly as written: no client tidies it up."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    if body:
        connection.send(body)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else None


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_without_the_token(service: Service, path: str) -> None:
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": service.token},
        {"authorization": "Bearer "},
    ):
        status, body = raw(service, "GET", path, headers)
        assert status == 401
        assert body["error"]["code"] == "invalid_token"
        assert service.token not in json.dumps(body)


def test_who_is_refused_is_counted_and_logged_without_what_it_wrote(service: Service) -> None:
    def refused() -> float:
        found = re.search(r'requests_total\{method="other",route="refused",status="401"\} (\S+)', metrics(service))
        return float(found[1]) if found else 0

    before = refused()
    raw(service, "PROPFIND", "/v1/secret-path", {"authorization": "Bearer guess"})
    assert refused() == before + 1
    line = next(line for line in service.log.read_text().splitlines()[::-1] if '"event": "refused"' in line)
    assert '"address": "127.0.0.1"' in line
    assert not re.search("PROPFIND|secret|guess", line)


def metrics(service: Service) -> str:
    return service.http.get("/metrics").text


def test_the_official_client_reports_a_wrong_token_as_such(service: Service) -> None:
    client = openai.OpenAI(base_url=f"{service.url}/v1", api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_comparing_tokens_takes_no_longer_for_better_guesses() -> None:
    token = "t" * 43
    almost, far = f"Bearer {token[:-1]}x", f"Bearer x{token[1:]}"
    assert is_token(f"Bearer {token}", token)
    assert not is_token(almost, token)
    assert not is_token("Bearer \udcff", token)

    def median(guess: str) -> float:
        times = []
        for _ in range(2000):
            start = time.perf_counter()
            is_token(guess, token)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    # hmac.compare_digest promises it; this only shows that it is what is used.
    assert 0.2 < median(almost) / median(far) < 5


def test_a_foreign_page_gets_nothing_even_with_the_token(service: Service) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:4173.evil.example", "http://localhost:9"):
        headers = {"authorization": f"Bearer {service.token}", "origin": origin}
        status, body = raw(service, "GET", "/v1/models", headers)
        assert status == 403
        assert body["error"]["code"] == "foreign_origin"
        answer = httpx.options(
            f"{service.url}/v1/models", headers={"origin": origin, "access-control-request-method": "GET"}
        )
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers


def test_the_owners_page_is_let_in_over_a_private_network(service: Service) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
        "access-control-request-private-network": "true",
    }
    answer = httpx.options(f"{service.url}/v1/files", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    listed = service.http.get("/v1/models", headers={"origin": ORIGIN})
    assert listed.headers["access-control-allow-origin"] == ORIGIN


def test_a_name_that_is_not_its_own_is_refused(service: Service) -> None:
    headers = {"host": "rebound.example", "authorization": f"Bearer {service.token}"}
    status, body = raw(service, "GET", "/v1/models", headers)
    assert (status, body["error"]["code"]) == (403, "foreign_host")


def test_a_body_of_two_gigabytes_is_refused_before_it_is_sent(service: Service) -> None:
    headers = {"authorization": f"Bearer {service.token}", "content-length": str(2 * 2**30)}
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert raw(service, "POST", "/v1/files", {**headers, **kind})[0] == 413
    assert raw(service, "POST", "/v1/chat/completions", headers)[0] == 413


def test_a_body_that_hides_its_size_is_cut_off(service: Service) -> None:
    def endless() -> Any:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(64):
            yield b"a" * 2**17

    before = sorted(path.name for path in (service.data / "files").iterdir())
    with service.http as client:
        try:
            answer = client.post(
                "/v1/files", content=endless(), headers={"content-type": "multipart/form-data; boundary=x"}
            )
            assert answer.status_code == 413
        except httpx.WriteError:
            # It may hang up while the sender still sends.
            pass
    assert sorted(path.name for path in (service.data / "files").iterdir()) == before


def test_compressed_bodies_are_not_inflated(service: Service) -> None:
    answer = service.http.post("/v1/chat/completions", content=b"x", headers={"content-encoding": "gzip"})
    assert answer.status_code == 415


def test_bodies_that_are_no_json_are_refused(service: Service) -> None:
    for body in (b"{", b'{"model": NaN}', b"[" * 100_000, b"\xff", b""):
        answer = service.http.post("/v1/fine_tuning/jobs", content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_two_hundred_connections_at_once_are_answered(service: Service) -> None:
    def ask(_: int) -> int:
        with service.http as client:
            return client.get("/v1/fine_tuning/jobs").status_code

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(ask, range(200)))
    assert set(answers) <= {200, 429}
    assert answers.count(200) >= 150
    assert service.answers()


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    now = [0.0]
    buckets = Buckets(rate=2, burst=4, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(6)] == [True] * 4 + [False] * 2
    assert buckets.take("b")
    now[0] += 1
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]


def test_wrong_tokens_run_out_and_the_right_one_does_not(tmp_path: Path, models: Path) -> None:
    with running(tmp_path / "data", models) as service:
        wrong = [raw(service, "GET", "/v1/models", {"authorization": "Bearer x"})[0] for _ in range(40)]
        assert wrong[0] == 401
        assert wrong[-1] == 429
        assert service.http.get("/v1/models").status_code == 200


def test_a_certificate_of_its_own_is_served_and_shown(tmp_path: Path, models: Path) -> None:
    with running(tmp_path / "data", models, "--tls-self-made") as service:
        assert service.scheme == "https"
        shown = fingerprint(tmp_path / "data/certificate.pem")
        assert f"Fingerprint (SHA-256): {shown}" in service.log.read_text()
        trusted = ssl.create_default_context(cafile=str(tmp_path / "data/certificate.pem"))
        assert httpx.get(f"{service.url}/health/live", verify=trusted).status_code == 200
        assert (tmp_path / "data/key.pem").stat().st_mode & 0o077 == 0
        assert (tmp_path / "data/token").stat().st_mode & 0o077 == 0
