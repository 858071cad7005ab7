"""The pull step of all deployments: go to the project's folder, wherever it lies on this worker."""

from __future__ import annotations

import os
from pathlib import Path

import prefect_flows
from prefect_flows.errors import SettingsError

__all__ = ["HOME_VARIABLE", "enter_project"]

HOME_VARIABLE = "PARITY_HOME"


def enter_project() -> dict[str, str]:
    """Make the project's folder the working directory of a flow run.

    A worker starts each run in an empty folder of its own, while `parity.yaml` and what it names
    are found from where one stands. The folder is PARITY_HOME; without it the checkout that
    `prefect_flows` is imported from, if it is one (a package installed from a wheel is not: its
    flows that load and calculate run anywhere, the others then want PARITY_HOME).

    Returns:
        What Prefect expects of a pull step: `directory`, or nothing where it stays.

    Raises:
        SettingsError: PARITY_HOME is not a folder.
    """
    if chosen := os.environ.get(HOME_VARIABLE):
        folder = Path(chosen).expanduser()
        if not folder.is_dir():
            raise SettingsError(f"{HOME_VARIABLE} is not a folder on this worker: {chosen!r}")
    else:
        folder = Path(prefect_flows.__file__).parent.parent
        if not (folder / "prefect.yaml").exists():
            return {}
    os.chdir(folder)
    return {"directory": str(Path.cwd())}
