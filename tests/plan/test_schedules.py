"""Prefect's schedules: what a switch asks is remembered until Prefect has done it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from parity.model.errors import UsageError
from parity.model.trail import TrailKind
from parity.model.verdict import Side
from parity.monitoring import schedules as api
from parity.nightly import Harness
from parity.plan.schedules import ask, asked, settle
from tests.plan.conftest import CONFIG, Make

NAMES = ("yahoo/daily", "calc daily/in dicators")
WITH_SCHEDULES = CONFIG + "cutover: {schedules: [yahoo/daily, calc daily/in dicators]}\n"
IDS = {"/api/deployments/name/yahoo/daily": "1",
       "/api/deployments/name/calc%20daily/in%20dicators": "2"}  # fmt: skip
Answer = tuple[int, Any]


class Fake:
    """A server on loopback that answers as it is told to, and notes what it is asked."""

    def __init__(self, answer: Callable[[str, str], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[str | None] = []

    @contextmanager
    def running(self) -> Iterator[str]:
        """Its address."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.asked.append((self.command, self.path, json.loads(body) if body else None))
                fake.headers.append(self.headers.get("Authorization"))
                code, content = fake.answer(self.command, self.path)
                data = b"" if content is None else json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PATCH = _do  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def knows(method: str, path: str) -> Answer:
    if method == "PATCH":
        return 204, None
    return (200, {"id": IDS[path], "paused": False}) if path in IDS else (404, {})


@pytest.fixture
def harness(make: Make) -> Harness:
    return make(WITH_SCHEDULES)


def states(harness: Harness) -> list[tuple[str, str, str]]:
    rows = harness.store.trail("toy", TrailKind.SCHEDULES)
    return [(row.content["wanted"], row.content["state"], row.content["note"]) for row in rows]


def switched(harness: Harness, to: Side) -> None:
    harness.store.append_trail("toy", TrailKind.SWITCH, "anna", {"to": to.value})


def settled(harness: Harness, url: str | None, **environ: str) -> tuple[bool, str]:
    said: list[str] = []
    done = settle(harness, ({"PREFECT_API_URL": url} if url else {}) | environ, said.append)
    return done, "\n".join(said)


def test_what_is_asked_is_done_once(harness: Harness) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    ask(harness, "rollback-1", "paused", "ben")  # the same rollback goes on
    assert states(harness) == [("paused", "asked", "")]
    fake = Fake(knows)
    with fake.running() as url:
        done, said = settled(harness, url, PREFECT_API_AUTH_STRING="ada:secret")
        assert (done, said) == (
            True, "Prefect's schedules are paused: yahoo/daily, calc daily/in dicators.",
        )  # fmt: skip
        assert settled(harness, url) == (True, "")
    assert fake.asked == [
        ("GET", "/api/deployments/name/yahoo/daily", None),
        ("PATCH", "/api/deployments/1", {"paused": True}),
        ("GET", "/api/deployments/name/calc%20daily/in%20dicators", None),
        ("PATCH", "/api/deployments/2", {"paused": True}),
    ]
    assert fake.headers[0] == "Basic YWRhOnNlY3JldA=="
    assert states(harness) == [("paused", "asked", ""), ("paused", "done", "")]


def test_nothing_is_asked_where_no_deployment_is_named(make: Make) -> None:
    harness = make()
    ask(harness, "rollback-1", "paused", "anna")
    assert (states(harness), settled(harness, None)) == ([], (True, ""))
    with pytest.raises(UsageError, match="paused or running, not 'off'"):
        ask(harness, "rollback-1", "off", "anna")  # type: ignore[arg-type]


def test_one_that_is_paused_already_is_left_alone(harness: Harness) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    fake = Fake(lambda _method, path: (200, {"id": IDS[path], "paused": True}))
    with fake.running() as url:
        assert settled(harness, url)[0]
    assert {method for method, _, _ in fake.asked} == {"GET"}


def test_without_an_address_it_says_what_to_type(harness: Harness) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    done, said = settled(harness, None)
    assert not done
    assert "PREFECT_API_URL is not set" in said
    assert "prefect deployment schedule pause 'yahoo/daily' ID" in said
    assert states(harness) == [("paused", "asked", "")]


def no_answer(_method: str, _path: str) -> Answer:
    return 200, ["something", "else"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _m, _p: (401, {}), "HTTP 401"),
        (lambda _m, _p: (503, {}), "HTTP 503"),
        (no_answer, "not what Prefect says"),
        (lambda m, p: knows(m, p) if m == "GET" else (422, {}), "HTTP 422"),
    ],
)
def test_what_prefect_refuses_stays_asked(
    harness: Harness, answer: Callable[[str, str], Answer], reason: str
) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    with Fake(answer).running() as url:
        done, said = settled(harness, url)
    assert not done
    assert reason in said
    assert states(harness) == [("paused", "asked", "")]
    with Fake(knows).running() as url:
        assert settled(harness, url)[0]
    assert states(harness)[-1] == ("paused", "done", "")


def test_a_server_that_says_nothing_is_not_waited_for(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "READ_SECONDS", 0.2)
    ask(harness, "rollback-1", "paused", "anna")
    ended = threading.Event()

    def hang(_method: str, _path: str) -> Answer:
        ended.wait(30)
        return 200, {}

    fake = Fake(hang)
    with fake.running() as url:
        done, said = settled(harness, url)
        ended.set()
    assert not done
    assert "timed out" in said
    assert len(fake.asked) == 1  # of several deployments only the first is tried


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api", "prefect.example.com"])
def test_no_server_at_all_is_no_error(harness: Harness, url: str) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    done, said = settled(harness, url)
    assert not done
    assert "does not answer" in said


def test_a_deployment_that_nobody_knows_is_on_record_once(harness: Harness, make: Make) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    fake = Fake(lambda m, p: (404, {}) if p.endswith("/daily") else knows(m, p))
    note = "Prefect knows no deployment yahoo/daily"
    with fake.running() as url:
        assert not settled(harness, url)[0]
        assert not settled(harness, url)[0]
        assert states(harness) == [("paused", "asked", ""), ("paused", "failed", note)]
        # The others were paused all the same; with a mended config nothing is left to do.
        assert ("PATCH", "/api/deployments/2", {"paused": True}) in fake.asked
        mended = make(WITH_SCHEDULES.replace("yahoo/daily, ", ""))
        assert settled(mended, url)[0]
    assert states(harness)[-1] == ("paused", "done", "")


def test_only_the_side_that_is_primary_has_running_schedules(harness: Harness) -> None:
    ask(harness, "cutover-1", "running", "anna")
    assert asked(harness) is None  # legacy is primary
    switched(harness, Side.CANDIDATE)
    assert asked(harness) == ("running", NAMES)

    def paused(method: str, path: str) -> Answer:
        return (204, None) if method == "PATCH" else (200, {"id": IDS[path], "paused": True})

    fake = Fake(paused)
    with fake.running() as url:
        assert settled(harness, url)[0]
    assert ("PATCH", "/api/deployments/2", {"paused": False}) in fake.asked
    switched(harness, Side.LEGACY)
    ask(harness, "rollback-1", "paused", "anna")
    switched(harness, Side.CANDIDATE)
    assert asked(harness) is None  # cut over again: nobody pauses what runs for consumers


def test_what_a_cutover_asks_after_a_rollback_does_not_count(harness: Harness) -> None:
    ask(harness, "rollback-1", "paused", "anna")
    ask(harness, "cutover-1", "running", "ben")  # it ends when it has been rolled back already
    assert asked(harness) == ("paused", NAMES)
    fake = Fake(knows)
    with fake.running() as url:
        assert settled(harness, url)[0]
    assert ("PATCH", "/api/deployments/2", {"paused": True}) in fake.asked
    assert asked(harness) is None


def test_a_switch_while_prefect_is_asked_is_made_good(harness: Harness) -> None:
    switched(harness, Side.CANDIDATE)
    ask(harness, "cutover-1", "running", "anna")
    paused = dict.fromkeys(IDS.values(), True)
    rolled_back: list[str] = []

    def answer(method: str, path: str) -> Answer:
        if method == "GET":
            return 200, {"id": IDS[path], "paused": paused[IDS[path]]}
        if not rolled_back:
            rolled_back.append(path)
            switched(harness, Side.LEGACY)
        paused[path[-1]] = not paused[path[-1]]
        return 204, None

    with Fake(answer).running() as url:
        done, said = settled(harness, url)
    assert done
    assert "Consumers read legacy meanwhile, so the schedules shall be paused." in said
    assert paused == {"1": True, "2": True}
    assert states(harness) == [("running", "asked", ""), ("paused", "asked", ""),
                               ("paused", "done", "")]  # fmt: skip


def test_what_was_resumed_is_paused_though_the_config_has_changed(
    harness: Harness, make: Make
) -> None:
    ask(harness, "cutover-1", "running", "anna")
    changed = make(CONFIG + "cutover: {schedules: [polygon/daily]}\n")
    ask(changed, "rollback-1", "paused", "anna")
    assert asked(changed) == ("paused", ("polygon/daily", *NAMES))
