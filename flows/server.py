"""How our Prefect server is started, by `trimtab up` and for a single command alike: they share one database."""

import sys
from pathlib import Path


def command(host: str, port: int) -> tuple[str, ...]:
    """-P: a file of the current folder must not stand in for a library."""
    return (sys.executable, "-P", "-m", "prefect", "server", "start", "--host", host, "--port", str(port))


def environment(folder: Path) -> dict[str, str]:
    """Variables of a server whose files are in `folder`."""
    return {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # In memory, as usual, a restart would end the runs that hold a place among those that may run at once.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    }
