"""The demo as a user runs it: a real Prefect server, every real store, incidents planted, the loop acting on them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from models.stores import Stores
from trimtab import settings

TRIMTAB = [sys.executable, "-c", "from trimtab.cli import main; main()"]


def trimtab(home: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([*TRIMTAB, "--home", str(home), *words], capture_output=True, text=True, timeout=900)


@pytest.fixture(scope="session")
def lived(tmp_path_factory):
    """(home, what was printed) of a demo lived through once."""
    home = tmp_path_factory.mktemp("journey") / "home"
    done = trimtab(home, "demo", "--posts-per-day", "150")
    assert done.returncode == 0, done.stderr
    return home, done.stdout + done.stderr


@pytest.fixture(scope="session")
def stores(lived):
    return Stores(settings.load(lived[0]))


def entries(lived, model):
    return json.loads(trimtab(lived[0], "history", model, "--limit", "1000", "--json").stdout)


def decisions(lived, model, action):
    told = [e for e in entries(lived, model) if e["kind"] == "decision"]
    return [e for e in told if e["evidence"]["action"] == action]


@pytest.mark.timeout(900)
def test_the_story_is_told_without_a_stack_dump(lived):
    assert "Traceback" not in lived[1]
    for word in ("Ingest", "Train", "Score", "Monitor", "Retrain", "Bad release", "Roll back", "quarantine list"):
        assert word in lived[1], word


def test_drift_is_found_and_a_challenger_that_is_better_on_fresh_posts_takes_over(lived):
    told = [entry for entry in entries(lived, "engagement") if entry["actor"] == "retrain flow"]
    promoted = [entry for entry in told if entry["kind"] == "promoted"]
    assert promoted
    assert "fresh posts" in promoted[0]["reason"]
    assert promoted[0]["evidence"]["comparison"]["delta"]["high"] < 0
    asked = decisions(lived, "engagement", "retrain")
    assert min(entry["at"] for entry in asked) >= "2024-02-28", "nobody asks for a retrain before the audience moves"


def test_a_retrain_is_asked_for_because_of_a_gain_that_was_measured_and_trains_what_was_measured(lived):
    asked = decisions(lived, "engagement", "retrain")[0]
    best = max(gain for gain in asked["evidence"]["look"]["gains"].values())
    assert best[1] > 0 and "worth" in asked["reason"]
    assert asked["evidence"]["alarm"]["raised"]
    trained = [e for e in entries(lived, "engagement") if e["kind"] == "trained" and e["at"] == asked["at"]]
    if "since" in asked["evidence"]:
        before = entries(lived, "engagement")[0]["evidence"]["rows"]
        assert trained[0]["evidence"]["rows"] < before / 2, "only what came since the audience moved is learned from"


def test_both_models_end_with_a_version_that_knows_the_new_audience(lived):
    status = json.loads(trimtab(lived[0], "status", "--json").stdout)["models"]
    for name in ("engagement", "sentiment"):
        trained = {e["version"]: e["at"] for e in entries(lived, name) if e["kind"] == "trained"}
        assert trained[status[name]["champion"]] > "2024-02-28"


def test_the_bad_release_is_rolled_back_and_the_version_before_it_serves(lived):
    moves = [e for e in entries(lived, "engagement") if e["kind"] in ("promoted", "rolled_back")]
    bad, back = moves[-2:]
    assert bad["actor"] == "someone in a hurry"
    assert (back["kind"], back["previous"], back["version"]) == ("rolled_back", bad["version"], bad["previous"])
    status = json.loads(trimtab(lived[0], "status", "--json").stdout)
    assert status["models"]["engagement"]["champion"] == bad["previous"]


def test_the_day_in_other_units_is_held_whole_and_training_on_it_is_blocked(lived, stores):
    held = json.loads(trimtab(lived[0], "quarantine", "list", "--json").stdout)
    assert held
    assert all("units" in entry["reason"] for entry in held)
    likes = stores.lake.read("snapshots", ["likes"])["likes"].to_numpy()
    assert likes.max() < 1_000_000, "nothing of the batch reached the tables"
    asked = decisions(lived, "engagement", "quarantine")
    assert asked
    week = asked[0]["evidence"]
    assert week["window_start"] <= "2024-03-20" < week["window_end"]
    moved = [e for e in entries(lived, "engagement") if e["at"] == asked[0]["at"] and e["actor"] == "retrain flow"]
    assert not moved, "nothing is trained on it"
    status = json.loads(trimtab(lived[0], "status", "--json").stdout)
    assert status["models"]["engagement"]["blocked"] == ["2024-03-18 00:00 to 2024-03-25 00:00"]


def test_every_post_of_a_scored_week_has_one_prediction_of_each_champion(stores):
    rows = stores.lake.read("predictions", ["post_id", "model", "version", "role"]).to_pandas()
    assert set(rows["model"]) == {"engagement", "sentiment"}
    assert not rows.duplicated().any()
    assert len(rows) > 5 * 7 * 100


def test_the_page_of_a_promoted_version_says_what_it_beats_and_on_which_rows(stores):
    from mlflow import MlflowClient

    promoted = [e for e in stores.ledger.entries("engagement", "promoted") if e.evidence.get("comparison")]
    client = MlflowClient(f"sqlite:///{stores.settings.mlflow_path / 'mlflow.db'}")
    page = client.get_model_version("engagement", promoted[0].version).description
    assert "fresh posts" in page
    assert "interval" in page


def test_each_monitored_window_has_its_report_and_measures(stores):
    assert all(Path(e.evidence["report"]).is_file() for e in stores.ledger.entries("engagement", "decision"))
    kinds = set(stores.lake.read("measures", ["kind"])["kind"].to_pylist())
    assert kinds == {"quality", "drift", "prediction", "label", "performance", "calibration"}


def test_status_names_what_serves_and_the_last_decision(lived):
    told = trimtab(lived[0], "status").stdout
    assert "engagement: version" in told
    assert "Last decision: " in told
