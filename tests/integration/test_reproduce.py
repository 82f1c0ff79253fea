"""A version made again, in real stores: the same byte for byte, or what differs and why."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from models.engagement import MODEL as ENGAGEMENT
from models.manifest import seal
from models.reproduce import reproduce
from models.sentiment import MODEL as SENTIMENT
from models.stores import Stores
from models.train import train_challenger
from tests import tiny_scoring, tiny_stores
from tests.tiny_history import history as made_up
from tests.tiny_lake import DAYS, MODEL, day, ingest, settings, train
from tests.tiny_model import MODEL as PLAIN
from trimtab.cli import releases  # noqa: F401 - its commands register themselves
from trimtab.cli.main import cli
from trimtab.errors import LakeError, RegistryError

TRAINED, NOW = day(28), day(DAYS)
BOOSTER, ENVIRONMENT, TRAINING = (
    f"artifacts/{name}" for name in ("bundle/booster.txt", "about/environment.json", "about/training.json")
)
TABLES = ("posts", "snapshots", "labels")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A home with tiny 1 of day 28 and tiny 2, which recalibrates it on day 40; engagement 1 and sentiment 1."""
    home = tmp_path_factory.mktemp("lived")
    stores = Stores(settings(home))
    tiny_stores.empty(stores.settings.mlflow_path)
    for start in (0, 10, 20):
        ingest(stores.lake, start, start + 10)
    train(stores, MODEL, TRAINED)
    ingest(stores.lake, 30, DAYS)
    train(stores, MODEL, NOW, base="1", cut=day(36), since=day(29))
    for model in (ENGAGEMENT, SENTIMENT):
        train(stores, model, NOW)
    return home


@pytest.fixture
def stores(lived, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(lived, home, ignore=shutil.ignore_patterns("mlflow"))
    tiny_stores.copy(lived / "mlflow", home / "mlflow")
    return Stores(settings(home))


def again(stores, version="1", model=MODEL):
    return reproduce(stores, model, version, at=NOW + timedelta(days=1), actor="test")


def folder(stores, version="1"):
    return stores.registry.folder("tiny", version, checked=False)


def rewritten(stores, file, change):
    """As if version 1 had been registered with this change to one of its files."""
    path = folder(stores) / file
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False))
    stores.registry.store.client.set_model_version_tag("tiny", "1", "trimtab.seal", seal(folder(stores)))


def everything(path):
    return {str(place): sha256(place.read_bytes()).hexdigest() for place in path.rglob("*") if place.is_file()}


@pytest.mark.parametrize(
    ("version", "data"),
    [("1", "posts 3, snapshots 3, labels 3"), ("2", "posts 4, snapshots 4, labels 4 and the booster of version 1")],
)
def test_a_version_is_made_again_byte_for_byte(stores, version, data):
    found = again(stores, version)
    assert found.exact, str(found)
    assert f"tiny {version} was made again from {data} as of 2012-0" in str(found)
    assert str(found).endswith("bytes) are the same, byte for byte.")
    names = {Path(file).name for file in found.files}
    assert names >= {"booster.txt", "features.json", "baseline.json", "scorecard.json", "training.json", "tiny.py"}


def test_nothing_is_touched_but_the_ledger_which_tells_of_it(stores):
    kept = stores.settings.mlflow_path / "artifacts", stores.settings.features_path, stores.settings.lake_path
    before, aliases = [everything(path) for path in kept], stores.registry.aliases("tiny")
    found = again(stores)
    assert [everything(path) for path in kept] == before
    assert stores.registry.aliases("tiny") == aliases
    assert not list((stores.settings.home / "reproductions").iterdir())
    entry = stores.ledger.entries("tiny", "reproduced")[-1]
    assert (entry.version, entry.reason, entry.evidence["exact"]) == ("1", str(found), True)
    assert BOOSTER in entry.evidence["files"]


def test_what_is_ingested_later_changes_nothing_even_if_it_says_that_it_was_known_before(stores):
    ingest(stores.lake, DAYS, DAYS + 5, seed=1)
    ingest(stores.lake, 5, 15, seed=2)  # its source states known times of before the training
    for table in TABLES:
        stores.lake.tidy(table, files=2)
    stores.refresh_features(day(60))
    assert again(stores, "1").exact
    assert again(stores, "2").exact
    newest = {table: stores.lake.version(table) for table in TABLES}
    rewritten(stores, TRAINING, lambda told: told["data"].update(lake=newest, features_lake=newest))
    found = again(stores)
    assert "data.lake" not in str(found)
    assert {Path(each.file).name for each in found.differences} >= {"booster.txt", "training.json"}
    assert found.notes[0].startswith("It learned from ")
    assert "data or the code that reads it changed" in found.notes[0]


def test_a_byte_that_changed_in_the_registry_is_told_from_what_was_registered(stores):
    place = folder(stores) / BOOSTER
    place.write_bytes(place.read_bytes().replace(b"num_leaves=7", b"num_leaves=6", 1))
    found = again(stores)
    assert [each.file for each in found.differences] == [BOOSTER]
    assert "num_leaves" in found.differences[0].keys
    assert found.notes[0].startswith(f"In the registry, {BOOSTER} has sha256")
    assert found.notes[0].endswith("made again, it is as it was registered.")
    assert stores.ledger.entries("tiny", "reproduced")[-1].evidence["exact"] is False


def test_a_request_that_was_changed_since_is_not_believed(stores):
    place = folder(stores) / TRAINING
    place.write_bytes(place.read_bytes().replace(b'"seed": 0', b'"seed": 1'))
    with pytest.raises(RegistryError, match=f"tiny 1 is not what was registered: {TRAINING} has"):
        again(stores)


def test_files_that_were_sealed_anew_are_told_by_the_ledger(stores):
    noted = {"evidence": {"seal": stores.registry.info("tiny", "1").seal}, "actor": "test", "reason": "test"}
    stores.ledger.append("trained", at=TRAINED, model="tiny", version="1", **noted)
    assert again(stores).exact
    rewritten(stores, "artifacts/about/scorecard.json", lambda told: told["overall"]["mae"].update(value=0.0))
    with pytest.raises(RegistryError, match="tiny 1 is not what was registered: its seal is .* the ledger noted"):
        again(stores)


def test_other_versions_of_libraries_and_other_code_are_named_where_they_may_explain(stores):
    def other(told):
        told["libraries"]["lightgbm"] = "4.6.0"
        told["code"]["tests.tiny_model"] = "another"

    rewritten(stores, ENVIRONMENT, other)
    same = again(stores)
    assert same.exact
    assert "Other versions of libraries: lightgbm 4.6.0 then, 4." in str(same)
    rewritten(stores, "artifacts/about/scorecard.json", lambda told: told["overall"]["mae"].update(value=9.9))
    found = again(stores)
    assert "differs in overall.mae.value" in str(found)
    assert "Our code has changed since: tests.tiny_model." in str(found)


def test_scoring_code_that_is_not_that_of_now_is_said_to_differ(stores, tmp_path, monkeypatch):
    source = Path(tiny_scoring.__file__).read_text() + "\n# another day\n"
    (tmp_path / "newer_scoring.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    found = again(stores, model=replace(MODEL, scoring="newer_scoring"))
    assert [each.file for each in found.differences] == ["tiny.py"]
    assert "The code that it scores with is not that of now (newer_scoring)." in str(found)
    assert "Our code has changed since: newer_scoring." in str(found)


def test_settings_of_now_have_no_say_in_it(stores):
    training = stores.settings.training.model_copy(update={"seed": 9, "fresh_days": 3.0, "history_days": 5})
    assert again(Stores(stores.settings.model_copy(update={"training": training, "seed": 7}))).exact


def test_a_window_that_was_blocked_then_stays_out_though_it_was_lifted_since(stores):
    def decided(action):
        window = {"window_start": day(10).isoformat(), "window_end": day(13).isoformat()}
        about = {"at": TRAINED, "model": "tiny", "actor": "test", "reason": "units"}
        stores.ledger.append("decision", evidence=window | {"action": action}, **about)

    decided("quarantine")
    version = train(stores, MODEL, day(30))
    decided("none")
    assert stores.registry.info("tiny", version).rows < 380
    assert again(stores, version).exact


def test_data_that_a_vacuum_took_is_said_in_one_sentence(stores):
    ingest(stores.lake, DAYS, DAYS + 1, seed=1)
    stores.lake.tidy("snapshots", files=2)
    table = DeltaTable(str(stores.settings.lake_path / "snapshots"))
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(LakeError, match="snapshots .* no longer holds version 3: its files are gone"):
        again(stores)
    assert not list(stores.settings.home.glob("reproductions/*"))


def test_a_version_that_does_not_say_what_it_was_made_from_cannot_be_made_again(stores):
    train_challenger(stores, PLAIN, made_up(), day(80), "made up", "k")
    with pytest.raises(RegistryError, match="tiny 3 was made from rows that are not in the lake"):
        again(stores, "3")
    shutil.rmtree(folder(stores) / "artifacts" / "about")
    (folder(stores) / "manifest.json").unlink()
    stores.registry.store.client.delete_model_version_tag("tiny", "1", "trimtab.seal")
    with pytest.raises(RegistryError, match="tiny 1 does not say what it was made from"):
        again(stores)
    with pytest.raises(RegistryError, match="tiny has no version '9'"):
        again(stores, "9")


def test_the_same_version_is_made_again_by_one_at_a_time(stores):
    with stores.single_flight("reproduce-tiny-1"), pytest.raises(RegistryError, match="tiny 1 is being made again"):
        again(stores)


ELSEWHERE = """
import sys
from pathlib import Path
from tests.integration.test_reproduce import ENGAGEMENT, SENTIMENT, Stores, again, settings
stores = Stores(settings(Path(sys.argv[1])))
for model in (ENGAGEMENT, SENTIMENT):
    print(again(stores, model=model))
"""


def test_the_real_models_are_made_again_in_a_process_of_another_hash_seed_and_more_threads(stores):
    environ = os.environ | {"PYTHONHASHSEED": "4242", "OMP_NUM_THREADS": "2"}
    ask = [sys.executable, "-c", ELSEWHERE, str(stores.settings.home)]
    done = subprocess.run(ask, capture_output=True, text=True, check=False, env=environ)
    said = done.stdout.splitlines()
    assert [line.split(" was made again from posts 4")[0] for line in said] == ["engagement 1", "sentiment 1"], done
    assert all("all 9 files" in line and "are the same, byte for byte" in line for line in said), said


@pytest.fixture
def asked(stores, monkeypatch):
    monkeypatch.setenv("TRIMTAB_HOME", str(stores.settings.home))
    monkeypatch.setenv("TRIMTAB_MODELS", '["tests.tiny_lake"]')
    return lambda *words: CliRunner().invoke(cli, ["reproduce", *words])


def test_the_command_prints_a_line_a_file_and_the_sentence(asked):
    done = asked("tiny", "1")
    assert done.exit_code == 0, done
    lines = done.output.splitlines()
    assert [line.split("  ")[0] for line in lines[:-1]] == ["same"] * 7
    assert lines[-1].startswith("tiny 1 was made again from posts 3")


def test_the_command_exits_with_one_where_a_file_differs(asked, stores):
    place = folder(stores) / BOOSTER
    place.write_bytes(place.read_bytes() + b"\n")
    done = asked("tiny", "1", "--json")
    assert done.exit_code == 1, done
    told = json.loads(done.output)
    assert (told["exact"], [each["file"] for each in told["differences"]]) == (False, [BOOSTER])
