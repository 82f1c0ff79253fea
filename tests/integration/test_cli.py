"""The command line as a person meets it: one sentence, the right exit code, no stack dump."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.tiny_source import mapping, row, rows, write_rows, write_yaml
from trimtab.cli.main import cli, register
from trimtab.ledger import Ledger

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
MAIN = [sys.executable, "-c", "from trimtab.cli import main; main()"]


def trimtab(home: Path, *words: str, **environ: str) -> subprocess.CompletedProcess:
    import os

    return subprocess.run(
        [*MAIN, "--home", str(home), *words], capture_output=True, text=True, timeout=240, env=os.environ | environ
    )


def every_command() -> list[str]:
    register()
    found = []
    for name, command in cli.commands.items():
        if command.hidden:  # of one process to another
            continue
        found += [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]
    return found


@pytest.mark.parametrize("name", every_command())
def test_a_command_has_help_and_a_place_in_the_docs(name):
    command = cli
    for word in name.split():
        command = command.commands[word]
    assert command.help
    assert f"trimtab {name}" in DOCS.read_text(encoding="utf-8")
    for option in (opt for param in command.params for opt in param.opts if opt.startswith("--")):
        assert option in DOCS.read_text(encoding="utf-8"), option


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "engagment"], "Did you mean 'engagement'?"),
        (["score", "engagment", "--from", "2024-01-01"], "Did you mean 'engagement'?"),
        (["rollback", "engagement", "--reason", "x"], "engagement has no version yet; train one first: trimtab train"),
        (["approve", "sentiment", "1", "--reason", "x"], "sentiment has no version yet; train one first: trimtab tra"),
        (["rollback", "nobody", "--reason", "x"], "No model is called 'nobody'"),
        (["history", "nobody"], "No model is called 'nobody'"),
        (["ingest", "nothere.yaml"], "No source file at nothere.yaml"),
        (["quarantine", "show", "abc"], "Nothing in quarantine is called 'abc'"),
        (["monitor", "engagement", "--as-of", "soon"], "is not a date"),
        (["simulate", "x", "--incident", "concept_drfit@2024-01-05"], "concept_drift"),
    ],
)
def test_a_slip_gets_one_sentence_and_a_non_zero_exit(tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    done = trimtab(tmp_path / "home", *words)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("trimtab: ")


def test_a_setting_out_of_bounds_names_its_variable(tmp_path):
    done = trimtab(tmp_path, "status", TRIMTAB_TRAINING__MIN_ROWS="none")
    assert done.returncode == 1
    assert "TRIMTAB_TRAINING__MIN_ROWS has value 'none'" in done.stderr


def test_status_of_a_new_home_says_what_to_do_first(tmp_path):
    done = trimtab(tmp_path, "status")
    assert done.returncode == 0
    assert "Train one: trimtab train engagement" in done.stdout
    assert json.loads(trimtab(tmp_path, "status", "--json").stdout)["models"]["engagement"]["champion"] is None


def test_verify_says_whether_the_ledger_is_whole_and_history_what_served_at_a_moment(tmp_path):
    ledger, at = Ledger(tmp_path / "ledger.db"), datetime(2012, 4, 1, tzinfo=UTC)
    for version, before in (("1", None), ("2", "1")):
        about = {"version": version, "previous": before, "actor": "ana", "reason": "better"}
        ledger.append("promoted", at=at + timedelta(days=int(version)), model="engagement", **about)
    done = trimtab(tmp_path, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is whole: 2 entries" in done.stdout
    said = trimtab(tmp_path, "history", "engagement", "--at", "2012-04-04").stdout.strip()
    assert said == (
        "engagement 2 served at 2012-04-04 00:00, since 2012-04-03 00:00 in place of 1; promoted by ana: better"
    )
    assert trimtab(tmp_path, "history", "--at", "2012-04-04").returncode == 2
    with closing(sqlite3.connect(ledger.path)) as database, database:
        database.execute("DROP TRIGGER entries_are_not_changed")
        database.execute("UPDATE entries SET reason = 'worse' WHERE id = 1")
    done = trimtab(tmp_path, "verify")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip().endswith("was changed: it does not fit its hash.")
    assert json.loads(trimtab(tmp_path, "verify", "--json").stdout)["fault"]["id"] == 1


def test_an_ingest_that_quarantined_a_batch_exits_with_3(tmp_path):
    write_rows(tmp_path / "in" / "1.jsonl", rows(40))
    write_rows(tmp_path / "in" / "2.jsonl", [row(n, when="soon") for n in range(100, 140)])
    done = trimtab(tmp_path / "home", "ingest", str(write_yaml(tmp_path / "in", mapping("*.jsonl"))))
    assert done.returncode == 3, done.stderr
    assert "1 whole batches" in done.stdout


def test_a_flow_that_refuses_says_why_without_the_stack_of_its_framework(tmp_path):
    done = trimtab(tmp_path, "train", "engagement")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "trimtab: 0 mature rows found, 300 wanted. Wait for outcomes to mature, or lower TRIMTAB_TRAINING__MIN_ROWS."
    )


def test_the_demo_does_not_wipe_a_home_that_it_did_not_make(tmp_path):
    (tmp_path / "ledger.db").write_text("precious")
    done = trimtab(tmp_path, "demo")
    assert done.returncode == 1
    assert "no demo made" in done.stderr
    assert (tmp_path / "ledger.db").read_text() == "precious"


def test_help_imports_no_framework():
    script = "import sys, trimtab.cli.commands, trimtab.cli.looking, trimtab.cli.releases; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "prefect",
        "mlflow",
        "feast",
        "evidently",
        "great_expectations",
        "pandas",
        "pyarrow",
        "lightgbm",
        "pydantic",
    }
    assert not heavy & set(loaded)
