"""MLflow's own server and UI on the registry: `python -m models.registry.server FOLDER HOST PORT`."""

import sys
from pathlib import Path

from models.registry.store import Store


def main(path: Path, host: str, port: str) -> None:
    """Serve until SIGTERM, one worker. The store is laid out first, as ours: two that migrate it would break it."""
    store = Store(path)
    store.client  # noqa: B018 - makes the database where there is none
    from mlflow.cli import cli

    words = ["--backend-store-uri", store.uri, "--registry-store-uri", store.uri]
    words += ["--default-artifact-root", (store.path / "artifacts").as_uri(), "--no-serve-artifacts"]
    cli(["server", *words, "--host", host, "--port", port, "--workers", "1"], prog_name="mlflow")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
