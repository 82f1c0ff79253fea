"""What every framework is told before it is imported: no usage statistics, no network, no chatter."""

from collections.abc import MutableMapping
from pathlib import Path

SILENCE = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "FEAST_USAGE": "False",
    "GX_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the UI has the logs; a person gets our sentence
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_CLI_PROMPT": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
    "TQDM_DISABLE": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads of LightGBM that wait must not spin where cores are shared
}


def silence(environ: MutableMapping[str, str], home: Path) -> None:
    """Fill in what the user has not said himself. Call it at the edge, before the first framework import."""
    for name, value in SILENCE.items():
        environ.setdefault(name, value)
    prefect = home / "prefect"
    environ.setdefault("PREFECT_HOME", str(prefect))
    prefect.mkdir(parents=True, exist_ok=True)  # Prefect warns on import of a home that is not there
