import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from models import engagement, sentiment
from models.manifest import seal
from models.registry import Registry
from models.spec import FitSettings
from models.train import predict_with
from tests import tiny_scoring, tiny_stores
from tests.engagement_posts import make_rows
from tests.tiny_model import MODEL, fit, frame
from tests.tiny_sentiment import rows as moods
from tests.tiny_story import AT, register, story_of
from trimtab.errors import RegistryError, UnknownModel


@pytest.fixture
def registry(tmp_path):
    return tiny_stores.empty(tmp_path / "mlflow")


@pytest.fixture
def doubled(tmp_path, monkeypatch):
    """The tiny model with scoring code of its own: the same names, twice the value."""
    source = Path(tiny_scoring.__file__).read_text().replace("value = self", "value = 2 * self")
    (tmp_path / "doubled_scoring.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return replace(MODEL, scoring="doubled_scoring")


def run_of(registry, version="1"):
    return registry.store.client.get_run(registry.info("tiny", version).run_id)


def test_a_registered_version_scores_and_explains_as_the_fitted_model_did(registry, tmp_path):
    version = register(registry, tmp_path, "k")
    rows = frame(50, seed=9)
    here = tiny_scoring.Scorer.load(str(tmp_path))
    loaded = registry.load("tiny", version)
    pd.testing.assert_frame_equal(loaded.predict(rows), here.predict(rows))
    pd.testing.assert_frame_equal(loaded.explain(rows), here.explain(rows))
    assert registry.load("tiny", version) is loaded


def test_the_run_tells_its_whole_story(registry, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("<html>drift</html>")
    learned, fresh = frame(seed=1), frame(200, days=10, seed=2)
    fitted = fit(learned, FitSettings())
    story = replace(story_of(fitted, learned, fresh, tmp_path, reason="Drift in text_chars."), report=report)
    registry.register(MODEL, fitted, story, "k")
    run = run_of(registry)
    assert run.data.params["data.posts"] == "12"
    assert run.data.params["feature_service"] == "engagement"
    assert run.data.params["num_leaves"] == "7"
    assert run.data.metrics["mae_low"] < run.data.metrics["mae"] < run.data.metrics["mae_high"]
    assert "slice_platform/reddit" in run.data.metrics
    assert run.data.tags["trimtab.reason"] == "Drift in text_chars."
    assert {(d.dataset.name, d.dataset.digest) for d in run.inputs.dataset_inputs} >= {("posts", "12")}
    files = {file.path for file in registry.store.client.list_artifacts(run.info.run_id)}
    assert files == {
        "card.md",
        "calibration.png",
        "drift_report.html",
        "importance.json",
        "importance.png",
        "scorecard.json",
        "slices.json",
    }
    assert run.info.status == "FINISHED"


def test_the_card_says_why_on_what_how_good_and_how_to_undo(registry, tmp_path):
    register(registry, tmp_path, "k", reason="Drift in text_chars.")
    card = registry.store.client.get_model_version("tiny", "1").description
    assert card == run_of(registry).data.tags["mlflow.note.content"]
    for words in ("Drift in text_chars.", "600 posts", "posts 12", "| mae", "platform reddit", "trimtab rollback"):
        assert words in card


def test_the_model_folder_holds_no_pickle_and_no_copied_package(registry, tmp_path):
    register(registry, tmp_path, "k")
    where = Path(registry.store.client.get_model_version_download_uri("tiny", "1").removeprefix("file://"))
    files = {str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()}
    assert {"tiny.py", "artifacts/bundle/booster.txt", "artifacts/bundle/spread.json"} <= files
    assert not [name for name in files if name.endswith(".pkl") or name.startswith("code/")]
    assert "lightgbm==" in (where / "requirements.txt").read_text()


def test_the_same_key_twice_is_one_version(registry, tmp_path):
    assert register(registry, tmp_path, "k") == "1"
    assert register(registry, tmp_path, "k") == "1"
    assert register(registry, tmp_path, "other") == "2"
    assert [info.key for info in registry.versions("tiny")] == ["k", "other"]
    assert registry.versions("tiny")[0].as_of == AT


def test_versions_with_different_code_score_side_by_side_each_by_its_own(registry, tmp_path, doubled):
    register(registry, tmp_path, "one")
    register(registry, tmp_path, "two", model=doubled)
    rows = frame(20, seed=3)
    one, two = registry.load("tiny", "1").predict(rows), registry.load("tiny", "2").predict(rows)
    np.testing.assert_allclose(two["value"], 2 * one["value"])


OUTSIDE = """
    import sys
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] in {"trimtab", "models", "monitoring", "flows", "tests", "doubled_scoring"}:
                raise ModuleNotFoundError(name)
    sys.meta_path.insert(0, Absent())
    import mlflow, pandas
    rows = pandas.DataFrame({"text_chars": [10.0, 150.0, 30.0], "topic_mean_28d": [1.0, None, 2.5]}, index=[7, 8, 9])
    one, two = (mlflow.pyfunc.load_model(place) for place in sys.argv[1:])
    first, second = one.predict(rows), two.predict(rows)
    assert list(first.index) == [7, 8, 9], first
    assert (second["value"] / first["value"]).round(9).tolist() == [2.0, 2.0, 2.0]
    assert one.predict(rows[["text_chars"]].assign(topic_mean_28d=1.0)).shape == (3, 3)
    print("each ran its own code")
"""


def test_versions_load_and_score_where_trimtab_is_not_installed(registry, tmp_path, doubled):
    register(registry, tmp_path, "one")
    register(registry, tmp_path, "two", model=doubled)
    places = [registry.store.client.get_model_version_download_uri("tiny", version) for version in "12"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(OUTSIDE), *places],
        cwd=elsewhere,
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "each ran its own code", done.stderr


def folder_of(registry, version="1"):
    return Path(registry.store.client.get_model_version_download_uri("tiny", version).removeprefix("file://"))


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("file", ["artifacts/bundle/booster.txt", "tiny.py", "MLmodel", "requirements.txt"])
def test_a_byte_that_changed_is_found_before_the_version_serves(registry, tmp_path, file):
    register(registry, tmp_path, "k")
    flipped(folder_of(registry) / file)
    for ask in (registry.load, registry.files, registry.about):
        with pytest.raises(RegistryError, match=f"tiny 1 is not what was registered: {file} has .*or retrain"):
            ask("tiny", "1")


def test_a_manifest_that_changed_with_its_file_is_found_too(registry, tmp_path):
    register(registry, tmp_path, "k")
    flipped(folder_of(registry) / "tiny.py")
    seal(folder_of(registry))
    with pytest.raises(RegistryError, match="manifest.json is not the one that was registered"):
        registry.load("tiny", "1")


def test_a_version_of_before_there_were_manifests_still_loads(registry, tmp_path):
    register(registry, tmp_path, "k")
    registry.store.client.delete_model_version_tag("tiny", "1", "trimtab.seal")
    (folder_of(registry) / "manifest.json").unlink()
    assert registry.load("tiny", "1").predict(frame(5))["value"].notna().all()
    assert registry.about("tiny", "1") == {}
    assert registry.info("tiny", "1").seal is None


def test_loading_leaves_no_bytecode_beside_the_code_and_believes_none(registry, tmp_path):
    register(registry, tmp_path, "k")
    cache = folder_of(registry) / "__pycache__"
    cache.mkdir()
    registry.load("tiny", "1")
    assert not cache.exists()


def test_missing_values_score(registry, tmp_path):
    register(registry, tmp_path, "k")
    rows = frame(5).assign(topic_mean_28d=np.nan)
    assert registry.load("tiny", "1").predict(rows)["value"].notna().all()


ALONE = """
    import os, sys
    assert not [name for name in os.environ if name.startswith(("PYTHONPATH", "TRIMTAB"))]
    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] in {"trimtab", "models", "monitoring", "flows", "feature_repo", "tests"}:
                raise ModuleNotFoundError(name)
    sys.meta_path.insert(0, Absent())
    import mlflow, pandas
    for place, number in zip(sys.argv[1::2], sys.argv[2::2]):
        said = mlflow.pyfunc.load_model(place).predict(pandas.read_parquet(f"rows{number}.parquet"))
        pandas.testing.assert_frame_equal(said, pandas.read_parquet(f"said{number}.parquet"), rtol=1e-12)
    print("both scored as at home")
"""


def test_the_engagement_and_the_sentiment_model_score_side_by_side_where_nothing_of_ours_is(registry, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    about = []
    for number, (model, rows) in enumerate([(engagement.MODEL, make_rows(700)), (sentiment.MODEL, moods(420))]):
        rows = rows.reindex(columns=list(dict.fromkeys([*rows, *model.features]))).astype({"chars": "float32"})
        fitted = model.fit(rows, FitSettings(threads=1))
        fresh = rows.tail(60).reset_index(drop=True)
        said = predict_with(model, fitted, fresh)
        tiny = story_of(fit(frame(), FitSettings()), frame(), frame(), tmp_path)
        version = registry.register(model, fitted, replace(tiny, fresh=fresh, predictions=said), "k")
        fresh[list(model.features)].to_parquet(elsewhere / f"rows{number}.parquet")
        registry.load(model.name, version).predict(fresh).to_parquet(elsewhere / f"said{number}.parquet")
        about += [registry.store.client.get_model_version_download_uri(model.name, version), str(number)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ALONE), *about],
        cwd=elsewhere,
        env=kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "both scored as at home", done.stderr


@pytest.mark.parametrize("commit", [1, 3, 5, 8, 11, 14, 17])
def test_a_kill_while_registering_leaves_a_whole_version_or_none_and_the_rerun_completes(tmp_path, commit):
    registry = tiny_stores.empty(tmp_path / "mlflow")
    learned, fresh = frame(seed=1), frame(200, days=10, seed=2)
    fitted = fit(learned, FitSettings())
    story, left = story_of(fitted, learned, fresh, tmp_path), [commit]

    def killed():
        def count(connection):
            left[0] -= 1
            if not left[0]:
                os._exit(9)

        event.listen(Engine, "commit", count)
        registry.register(MODEL, fitted, story, "k")

    assert tiny_stores.dies(killed) in (9, 0)
    registry = Registry(tmp_path / "mlflow")
    before = registry.versions("tiny")
    assert len(before) <= 1
    assert registry.register(MODEL, fitted, story, "k") == "1"
    assert [info.key for info in registry.versions("tiny")] == ["k"]
    assert registry.load("tiny", "1").predict(fresh)["value"].notna().all()
    runs = registry.store.client.search_runs([run_of(registry).info.experiment_id])
    assert {run.info.run_id: run.info.status for run in runs if run.info.status != "KILLED"} == {
        run_of(registry).info.run_id: "FINISHED"
    }


def test_a_kill_while_the_store_is_laid_out_does_not_spoil_it(tmp_path):
    registry = Registry(tmp_path / "mlflow")

    def killed():
        left = [20]

        def count(connection):
            left[0] -= 1
            if not left[0]:
                os._exit(9)

        event.listen(Engine, "commit", count)
        registry.register(MODEL, fit(frame(), FitSettings()), None, "k")

    assert tiny_stores.dies(killed) == 9
    assert Registry(tmp_path / "mlflow").names() == []
    assert register(Registry(tmp_path / "mlflow"), tmp_path, "k") == "1"


def test_a_model_or_version_that_is_not_there_is_named_with_the_nearest(registry, tmp_path):
    assert registry.alias("tiny", "champion") is None
    assert registry.versions("tiny") == []
    register(registry, tmp_path, "k")
    with pytest.raises(UnknownModel, match="No model is called 'tinny'. Did you mean 'tiny'"):
        registry.load("tinny", "1")
    with pytest.raises(RegistryError, match="tiny has no version '7'. Versions: 1"):
        registry.load("tiny", "7")


def test_scoring_code_that_would_not_travel_is_refused(registry, tmp_path, monkeypatch):
    (tmp_path / "stuck_scoring.py").write_text("from trimtab.windows import Window\nclass Scorer: ...\n")
    (tmp_path / "vague_scoring.py").write_text("import nowhere_to_be_found\nclass Scorer: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RegistryError, match="imports trimtab, which is not there where a version is served"):
        register(registry, tmp_path, "k", model=replace(MODEL, scoring="stuck_scoring"))
    with pytest.raises(RegistryError, match="imports 'nowhere_to_be_found', which no installed package"):
        register(registry, tmp_path, "k", model=replace(MODEL, scoring="vague_scoring"))
    assert registry.versions("tiny") == []


def test_a_store_that_cannot_be_used_gives_one_sentence(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"not a database" * 100)
    with pytest.raises(RegistryError, match="The model registry at .* failed"):
        Registry(tmp_path).names()
