"""Which troubles are worth another try, and what is said of a run that failed."""

import sqlite3

import httpx
import pytest
from filelock import Timeout
from prefect.states import Crashed, Failed

from flows.outcome import in_words
from flows.passing import can_pass
from trimtab.errors import LakeError, LedgerError, SourceError, Unavailable


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("The server is away."),
        Timeout("posts.lock"),
        ConnectionRefusedError(111, "Connection refused"),
        httpx.ConnectError("All connection attempts failed"),
        sqlite3.OperationalError("database is locked"),
        raised_from(LedgerError("The ledger cannot be used."), sqlite3.OperationalError("database is locked")),
        raised_from(LakeError("Table posts could not be written."), Timeout("posts.lock")),
    ],
)
def test_a_store_that_is_locked_and_a_server_away_are_tried_again(error):
    assert can_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        SourceError("No source file at posts.yaml."),
        ValueError("a slip of ours"),
        OSError(28, "No space left on device"),
        sqlite3.OperationalError("no such table: entries"),
        raised_from(LakeError("Table posts could not be written."), OSError(28, "No space left on device")),
        None,
    ],
)
def test_what_is_wrong_stays_wrong(error):
    assert not can_pass(error)


def test_an_error_that_was_raised_from_itself_ends_the_search():
    error = LakeError("It turns in a circle.")
    error.__cause__ = raised_from(LakeError("And back."), error)
    assert not can_pass(error)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            Failed(message="Flow run encountered an exception: NotEnoughData: 3 rows found, 300 wanted. Wait."),
            "3 rows found, 300 wanted. Wait.",
        ),
        (Failed(message="Flow run encountered an exception: ValueError: a: b\nsecond line"), "a: b"),
        (
            Failed(message="Flow run exceeded timeout of 5.0 second(s)", name="TimedOut"),
            "of 5.0 second(s). What",
        ),
        (
            Crashed(message="Process exited with status code: -9. SIGKILL."),
            "was killed (signal 9);",
        ),
        (Crashed(message="Process exited with status code: 1. General error."), "with code 1 before it could say why;"),
        (Crashed(), "Crashed"),
    ],
)
def test_a_failure_is_told_in_the_words_of_its_error(state, words):
    said = in_words(state)
    assert words in said and "\n" not in said and "exception" not in said
