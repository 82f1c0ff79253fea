"""Which troubles may pass by themselves, so that another try is worth while: a store that is locked, a server away."""

import errno
import sqlite3

from trimtab.errors import Unavailable

PASSING = (Unavailable, ConnectionError, TimeoutError)  # a lock that is held is a TimeoutError too
NUMBERS = {errno.EAGAIN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETRESET}
MODULES = {  # libraries that are not imported here, and the names of their errors
    "httpx": {"ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError", "RemoteProtocolError", "PoolTimeout"},
    "requests": {"ConnectionError", "Timeout", "ConnectTimeout", "ReadTimeout"},
    "urllib3": {"MaxRetryError", "NewConnectionError", "ProtocolError"},
    "deltalake": {"CommitFailedError"},  # another writer was faster
    "_internal": {"CommitFailedError"},
}
AWAY = ("database is locked", "database is busy", "max retries exceeded", "connection refused", "timed out")


def can_pass(error: object) -> bool:
    """Whether the error, or one that it was raised from, is of the kind that passes. Wrong input stays wrong."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        if _passes(error):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _passes(error: BaseException) -> bool:
    if isinstance(error, PASSING) or getattr(error, "errno", None) in NUMBERS:
        return True
    kind = type(error)
    if kind.__name__ in MODULES.get(kind.__module__.partition(".")[0], ()):
        return True
    told = isinstance(error, sqlite3.OperationalError) or kind.__module__.partition(".")[0] in ("sqlalchemy", "mlflow")
    return told and any(words in str(error).lower() for words in AWAY)
