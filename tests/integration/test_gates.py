"""The gates in the path of a release: real bundles, a real registry and the clean process."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from models import sentiment
from models.artifact import model_file
from models.bundle import scorer_of
from models.card import GAP
from models.evaluate import scorecard
from models.gates.alone import score_alone
from models.gates.behaves import behaves, probes
from models.release import judge
from models.spec import FitSettings
from models.story import RunStory
from tests import tiny_sentiment, tiny_stores
from tests.tiny_model import MODEL, frame
from tests.tiny_story import AT, register
from trimtab.ledger import Ledger
from trimtab.settings import Gates, Release

MOVED = 0.8
FRESH = frame(400, days=14, seed=5, shift=MOVED)
HOMESICK = replace(MODEL, scoring="tests.tiny_homesick")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


@pytest.fixture
def registry(tmp_path):
    """Version 1 knows the world of before, version 2 the one of now."""
    registry = tiny_stores.empty(tmp_path / "mlflow")
    register(registry, tmp_path, "old")
    register(registry, tmp_path, "new", shift=MOVED, reason="Drift in topic_mean_28d.")
    return registry


def asked(registry, ledger, challenger, model=MODEL, fresh=FRESH, days=0, **limits):
    at, limits = AT + timedelta(days=days), Gates(**limits)
    return judge(registry, ledger, model, challenger, fresh, Release(), at=at, actor="retrain", limits=limits)


def page(registry, version):
    """A version's description; without what keeps the columns of its tables apart on MLflow's page."""
    return registry.store.client.get_model_version("tiny", version).description.replace(GAP, "")


def file_of_run(registry, version, name):
    where = f"runs:/{registry.info('tiny', version).run_id}/{name}"
    place = registry.store.mlflow.artifacts.download_artifacts(where, tracking_uri=registry.store.uri)
    return Path(place).read_text()


def folder_of(tmp_path, scoring, files):
    """A model folder as MLflow keeps it."""
    (tmp_path / "artifacts" / "bundle").mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / "artifacts" / "bundle" / name).write_bytes(content)
    (tmp_path / "model.py").write_text(model_file(scoring))
    return tmp_path


def test_what_every_gate_said_is_in_the_ledger_on_the_card_and_in_the_run(registry, ledger):
    asked(registry, ledger, "1")
    verdict = asked(registry, ledger, "2")
    assert verdict.promoted
    names = ["loads", "better", "slices", "calibrated", "leaning", "behaves"]
    said = ledger.entries("tiny", "gates_judged")[-1]
    assert [gate["name"] for gate in said.evidence["gates"]] == names
    assert (said.version, said.previous) == ("2", "1")
    kinds = [entry.kind for entry in ledger.entries()]
    judged = len(kinds) - kinds[::-1].index("gates_judged")
    assert kinds[judged : judged + 2] == ["promotion_intended", "promoted"]
    card = page(registry, "2")
    assert "| gate | found | wanted | verdict |" in card
    assert "| better | mae -" in card
    kept = json.loads(file_of_run(registry, "2", "gates.json"))
    assert kept["passed"] is True
    assert [gate["name"] for gate in kept["gates"]] == names


def test_a_refusal_says_which_gate_and_by_how_much(registry, ledger):
    asked(registry, ledger, "1")
    verdict = asked(registry, ledger, "2", size_limit_mb=0.001)
    assert not verdict.promoted
    reason = ledger.entries("tiny", "promotion_refused")[0].reason
    assert reason.startswith("Refused by the gate loads: Version 2 loads in a clean process, but is 0.0 MB where 0.001")
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_version_that_works_only_beside_our_own_code_is_refused_and_the_champion_serves_on(
    registry, ledger, tmp_path
):
    asked(registry, ledger, "1")
    register(registry, tmp_path, "homesick", model=HOMESICK, shift=MOVED)
    assert registry.load("tiny", "3").predict(FRESH)["value"].notna().all()
    verdict = asked(registry, ledger, "3", model=HOMESICK)
    assert not verdict.promoted
    assert "Refused by the gate loads: Version 3 does not load in a clean process: ModuleNotFoundError" in str(verdict)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_first_version_that_does_not_load_is_refused(registry, ledger, tmp_path):
    register(registry, tmp_path, "homesick", model=HOMESICK)
    assert not asked(registry, ledger, "3", model=HOMESICK).promoted
    assert registry.aliases("tiny") == {}


def test_a_first_version_that_is_off_its_calibration_serves_and_that_is_said(registry, ledger):
    verdict = asked(registry, ledger, "1")  # of the world before, on posts of now
    assert verdict.promoted
    said = {gate.name: gate for gate in verdict.gates.gates}
    assert said["calibrated"].verdict == "failed, only said"
    assert "failed, only said" in page(registry, "1")
    assert "calibrated failed, only said" in ledger.entries("tiny", "gates_judged")[0].reason


def test_a_bundle_with_a_byte_changed_is_refused_in_a_sentence(registry, ledger):
    asked(registry, ledger, "1")
    booster = registry.folder("tiny", "2") / "artifacts" / "bundle" / "booster.txt"
    text = booster.read_bytes()
    booster.write_bytes(text.replace(b"0.0", b"0.1", 1))
    verdict = asked(registry, ledger, "2")
    assert not verdict.promoted
    assert "Refused by the gate loads: Version 2 does not load" in str(verdict)
    assert "booster.txt has sha256" in str(verdict)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_slice_that_is_worse_refuses_what_is_better_on_the_whole(registry, ledger):
    asked(registry, ledger, "1")
    worse = frame(1200, days=14, seed=6, shift=MOVED)
    old = frame(1200, days=14, seed=6, shift=0.0)
    forum = (worse["platform"] == "forum").to_numpy()
    worse.loc[forum, "target"] = old.loc[forum, "target"]  # the forum has stayed as it was
    verdict = asked(registry, ledger, "2", fresh=worse)
    assert verdict.comparison is not None and verdict.comparison.better
    assert "Refused by the gate slices: platform forum is worse: loss +" in str(verdict)


def test_what_was_judged_before_a_kill_is_carried_out_after_it(registry, ledger):
    asked(registry, ledger, "1")
    first = asked(registry, ledger, "2", size_limit_mb=0.001)
    again = asked(registry, ledger, "2")  # of the same moment: the limits of the first stand
    assert str(again) == str(first)
    assert len(ledger.entries("tiny", "gates_judged")) == 2


def test_a_bundle_that_does_not_end_is_given_up(tmp_path):
    place = folder_of(tmp_path, "tests.tiny_scoring", {})
    (place / "model.py").write_text("while True:\n    pass\n")
    began = time.monotonic()
    attempt = score_alone(place, [FRESH], limit_seconds=2)
    assert attempt.failure == "it was not done after 2 s"
    assert time.monotonic() - began < 30


def test_a_clean_process_has_neither_our_code_nor_the_folder_it_was_started_from(tmp_path, monkeypatch):
    place = folder_of(tmp_path / "model", "tests.tiny_scoring", {})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "beside.py").write_text("")
    for name in ("beside", "models", "trimtab", "tests", "flows"):
        (place / "model.py").write_text(f"import {name}\n")
        assert score_alone(place, [], 60).failure.startswith("ModuleNotFoundError")


def test_the_sentiment_model_loads_scores_alike_and_behaves_in_a_clean_process(tmp_path):
    rows = tiny_sentiment.rows()
    asked_for = probes(sentiment.MODEL, rows)
    place = folder_of(tmp_path, sentiment.MODEL.scoring, tiny_sentiment.fitted().files)
    attempt = score_alone(place, [rows[["text"]], *asked_for.values()], 120)
    assert attempt.failure == ""
    here = tiny_sentiment.scorer().predict(rows[["text"]])
    np.testing.assert_allclose(attempt.answers[0].iloc[:, :3], here.iloc[:, :3])
    assert behaves(asked_for, dict(zip(asked_for, attempt.answers[1:], strict=True)), Gates()).passed
    assert attempt.post_ms is not None and attempt.post_ms < 50


def test_shuffled_labels_make_no_first_version(tmp_path):
    """All the way: trained, registered, refused for how it behaves."""
    rows = tiny_sentiment.rows()
    shuffled = rows.assign(target=np.random.default_rng(0).permutation(rows["target"].to_numpy()))
    fitted = sentiment.MODEL.fit(shuffled, FitSettings())
    story = story_of(fitted, rows)
    registry, ledger = tiny_stores.empty(tmp_path / "mlflow"), Ledger(tmp_path / "ledger.db")
    registry.register(sentiment.MODEL, fitted, story, "shuffled")
    verdict = judge(registry, ledger, sentiment.MODEL, "1", rows, Release(), at=AT, actor="retrain")
    assert not verdict.promoted
    assert "Refused by the gate behaves: It does not behave: " in str(verdict)


def story_of(fitted, rows):
    said = scorer_of(sentiment.MODEL.scoring, fitted.files).predict(rows)
    ends = {"start": AT, "end": AT, "as_of": AT}
    card = scorecard(sentiment.MODEL, "challenger", rows, said)
    fresh = rows.reindex(columns=[*rows, *(name for name in sentiment.MODEL.features if name not in rows)])
    return RunStory(
        **ends, rows=len(rows), data_versions={}, reason="A test.", scorecard=card, fresh=fresh, predictions=said
    )
