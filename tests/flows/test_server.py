"""Finding, starting, replacing and ending the Prefect server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from prefect_flows import processes, server
from prefect_flows.errors import ServerError
from tests.flows.conftest import StartedServer, without_prefect


def test_a_server_that_the_user_names_is_used_as_it_is(tmp_path: Path) -> None:
    environ = without_prefect(tmp_path / "home") | {
        "PREFECT_API_URL": "https://prefect.example/api"
    }

    assert server.ensure_server(environ) == "https://prefect.example/api"
    assert not (tmp_path / "home").exists()


def test_stopping_where_none_was_started_does_nothing(tmp_path: Path) -> None:
    assert server.stop_server(without_prefect(tmp_path)) is False


def test_a_recorded_pid_of_another_process_is_not_ended(tmp_path: Path) -> None:
    state = {"pid": os.getpid(), "token": "another start", "port": 1}
    (tmp_path / "server.json").write_text(json.dumps(state))

    assert server.stop_server(without_prefect(tmp_path)) is False
    assert server.read_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"pid": 1}', '{"pid": "x", "token": 1, "port": 2}'])
def test_an_unreadable_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)

    assert server.read_state(tmp_path) is None


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    environ = without_prefect(tmp_path)
    environ["PREFECT_SERVER_DATABASE_URL"] = f"postgresql://nobody@/x?host={tmp_path}"

    with pytest.raises(ServerError, match="PREFECT_SERVER_DATABASE_URL"):
        server.ensure_server(environ)


@pytest.mark.slow
def test_two_that_start_at_once_share_one_server_which_outlives_them(
    prefect_server: StartedServer,
) -> None:
    state, folder = prefect_server.state, Path(prefect_server.environ["PREFECT_HOME"])

    assert prefect_server.addresses == (state.api_url, state.api_url)
    assert (folder / "server.log").read_text().count("Check out the dashboard") == 1
    assert processes.is_same(state.pid, state.token)
    assert server.is_ready(state.port)
    assert server.ensure_server(prefect_server.environ) == state.api_url
