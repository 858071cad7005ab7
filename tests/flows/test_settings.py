from __future__ import annotations

import pytest

from prefect_flows.errors import SettingsError
from prefect_flows.server_settings import asyncpg_url, flow_environment, home, server_environment
from prefect_flows.settings import Settings, choose_symbols

URL = "postgresql://prefect_writer:hush@/parity?host=/run/pg"


def test_defaults() -> None:
    settings = Settings.from_environment({"DATABASE_URL": URL})

    assert settings.symbols == ("AAPL", "MSFT", "IBM", "GOOG")
    assert settings.yahoo_base_url is None
    assert settings.polygon_base_url == "https://api.polygon.io"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "sqlite:///x"),
        ("YAHOO_BASE_URL", "127.0.0.1:80"),
        ("POLYGON_BASE_URL", "ftp://x"),
        ("HTTP_TIMEOUT_SECONDS", "soon"),
        ("HTTP_TIMEOUT_SECONDS", "0"),
        ("HTTP_TIMEOUT_SECONDS", "nan"),
        ("SYMBOLS", "AAPL, ms ft;drop"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({"DATABASE_URL": URL, variable: value})


def test_secrets_do_not_show() -> None:
    settings = Settings.from_environment({"DATABASE_URL": URL, "POLYGON_API_KEY": "key-123"})

    assert "hush" not in repr(settings)
    assert "key-123" not in repr(settings)


def test_a_missing_key_is_named_only_when_it_is_needed() -> None:
    with pytest.raises(SettingsError, match="POLYGON_API_KEY"):
        Settings.from_environment({"DATABASE_URL": URL}).require_polygon_key()


def test_symbols_are_chosen_once_each_in_order_and_capped() -> None:
    default = ("AAPL", "MSFT")

    assert choose_symbols(None, default=default, limit=None) == default
    assert choose_symbols(["ibm", "GOOG", "IBM"], default=default, limit=None) == ("IBM", "GOOG")
    assert choose_symbols(None, default=default, limit=1) == ("AAPL",)


@pytest.mark.parametrize(("asked", "limit"), [([], None), (["A B/C"], None), (None, 0)])
def test_impossible_choices_are_refused(asked: list[str] | None, limit: int | None) -> None:
    with pytest.raises(SettingsError, match="symbols"):
        choose_symbols(asked, default=("AAPL",), limit=limit)


@pytest.mark.parametrize(
    ("libpq", "expected"),
    [
        (
            "postgresql://prefect_api@/prefect_api?host=/run/pg",
            "postgresql+asyncpg://prefect_api@/prefect_api?host=/run/pg",
        ),
        (
            "postgres://u:p%40ss@db.example:6432/x?sslmode=require",
            "postgresql+asyncpg://u:p%40ss@db.example:6432/x?ssl=require",
        ),
    ],
)
def test_the_server_gets_its_address_in_asyncpg_form(libpq: str, expected: str) -> None:
    environ = server_environment({"PREFECT_SERVER_DATABASE_URL": libpq})

    assert environ["PREFECT_API_DATABASE_CONNECTION_URL"] == expected


@pytest.mark.parametrize("uri", ["mysql://x/y", "postgresql://x/y?application_name=z"])
def test_an_address_that_asyncpg_cannot_use_is_refused(uri: str) -> None:
    with pytest.raises(SettingsError, match="PREFECT_SERVER_DATABASE_URL"):
        asyncpg_url(uri)


def test_the_users_own_variables_win() -> None:
    chosen = server_environment({"PREFECT_SERVER_ANALYTICS_ENABLED": "true"})

    assert chosen["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"
    assert chosen["PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE"] == "100"


def test_the_server_does_not_inherit_another_servers_address() -> None:
    assert "PREFECT_API_URL" not in server_environment({"PREFECT_API_URL": "http://other/api"})


def test_flows_never_fall_back_to_a_temporary_server() -> None:
    chosen = flow_environment({"PARITY_STATE": "/s"}, api_url="http://127.0.0.1:1/api")

    assert chosen["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    assert chosen["PREFECT_HOME"] == "/s/prefect"
    assert str(home({"PREFECT_HOME": "/elsewhere", "PARITY_STATE": "/s"})) == "/elsewhere"
