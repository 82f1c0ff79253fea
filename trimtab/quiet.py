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
LOOPBACK = ("127.0.0.1", "localhost")


def silence(environ: MutableMapping[str, str], home: Path) -> None:
    """Fill in what the user has not said himself. Call it at the edge, before the first framework import."""
    for name, value in SILENCE.items():
        environ.setdefault(name, value)
    _past_proxies(environ)
    prefect = home / "prefect"
    environ.setdefault("PREFECT_HOME", str(prefect))
    prefect.mkdir(parents=True, exist_ok=True)  # Prefect warns on import of a home that is not there


def _past_proxies(environ: MutableMapping[str, str]) -> None:
    """Our parts talk to each other on this machine, where no proxy can reach them.

    Without a proxy nothing is said: a list alone would hide the proxies that the system itself knows.
    """
    if not any(name.lower().endswith("_proxy") for name in environ):
        return
    # Of the two spellings some read one and some the other; what is said in one alone is meant for both.
    said = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    for name in ("no_proxy", "NO_PROXY"):
        kept = [host for each in (environ.get(name) or said).split(",") if (host := each.strip())]
        environ[name] = ",".join(dict.fromkeys([*kept, *LOOPBACK]))
