"""The Evidently workspace, read with Evidently's own code."""

import asyncio
import errno
import json
import logging
import os
import shutil

import pytest

from benchmarks.lived_home import START, lived
from monitoring import workspace
from monitoring.measures import Measure, to_table
from trimtab.windows import Window


@pytest.fixture
def stores(tmp_path):
    """Four windows of two models, one of them with a measure of a column."""
    found = lived(tmp_path / "home", 4)
    decision = found.ledger.entries("engagement", "decision")[1]
    window = Window(decision.at.replace(day=decision.at.day - 1), decision.at)
    measures = [
        Measure("drift", "chars", "all", 0.31, 0.2, False, 900),
        Measure("drift", "hour", "all", float("nan"), 0.2, False, 9),
    ]
    rows = to_table(measures, model="engagement", version="1", window=window, as_of=decision.at)
    found.lake.append("measures", rows)
    return found


def files(stores):
    folder = stores.settings.reports_path / workspace.FOLDER
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def series(stores, model):
    """{name: values} of a project's dashboard, as the UI asks for them."""
    from evidently.ui.service.base import SeriesFilter
    from evidently.ui.service.storage.local.base import InMemoryDataStorage, LocalState

    path = str(stores.settings.reports_path / workspace.FOLDER)
    state = LocalState.load(path, None)
    project = workspace.project_id(model)
    dashboard = state.read_dashboard(project)
    asked = [
        SeriesFilter(tags=value.tags, metadata=value.metadata, metric=value.metric, metric_labels=value.metric_labels)
        for panel in dashboard.panels
        for value in panel.values
    ]
    answer = asyncio.run(InMemoryDataStorage(path, state).get_data_series(project, asked, None, None))
    return state.projects[project].name, {each.params["series"]: each.values for each in answer.series}


def test_each_model_is_a_project_whose_dashboard_shows_its_windows(stores):
    assert workspace.follow(stores, "engagement") == 4
    name, found = series(stores, "engagement")
    told = [entry.evidence["performance"] for entry in stores.ledger.entries("engagement", "decision")]
    assert name == "engagement"
    assert found["calculated loss"] == [each["mean_loss"] for each in told]
    assert found["estimated loss"] == [each["estimated_loss"] for each in told]
    assert [value for value in found["chars"] if value is not None] == [0.31]
    assert "hour" not in found, "what could not be judged is left out"
    assert max(found["all evidence"]) <= workspace.MOST


def test_a_window_is_written_once_and_a_new_one_is_added(stores):
    workspace.follow(stores, "engagement")
    before = files(stores)
    assert workspace.follow(stores, "engagement") == 0
    assert files(stores) == before
    entry = stores.ledger.entries("engagement", "decision")[-1]
    told = entry.evidence | {"window_start": entry.at.isoformat(), "window_end": START.replace(month=2).isoformat()}
    about = {"at": entry.at, "model": "engagement", "actor": "monitor flow", "reason": "so"}
    stores.ledger.append("decision", version="1", evidence=told, **about)
    assert workspace.follow(stores, "engagement") == 1
    assert len(files(stores)) == len(before) + 1
    assert {name: content for name, content in files(stores).items() if name in before} == before


def test_what_a_kill_left_out_is_written_by_the_next(stores):
    workspace.follow(stores, "sentiment")
    whole = files(stores)
    gone = next(path for path in whole if "snapshots" in path.parts)
    (stores.settings.reports_path / workspace.FOLDER / gone).unlink()
    assert workspace.follow(stores, "sentiment") == 1
    assert files(stores) == whole


def test_a_workspace_that_cannot_be_written_fails_nobody(stores, caplog):
    (stores.settings.reports_path / workspace.FOLDER).write_text("a file where a folder should be")
    with caplog.at_level(logging.WARNING, "trimtab.workspace"):
        assert workspace.follow(stores, "engagement") == 0
    assert "was not brought up to date" in caplog.text


def test_a_run_is_small(stores):
    workspace.follow(stores, "engagement")
    sizes = [len(content) for name, content in files(stores).items() if "snapshots" in name.parts]
    assert max(sizes) < 20_000
    assert all(json.loads(content) for content in files(stores).values())


def test_a_disk_without_hard_links_has_the_same_files(stores, monkeypatch):
    def refuses(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuses)
        assert workspace.follow(stores, "engagement") == 4
        assert workspace.follow(stores, "engagement") == 0
    without = files(stores)
    assert len(without) == 6 and not [path for path in without if path.name.startswith(".")]
    shutil.rmtree(stores.settings.reports_path / workspace.FOLDER)
    assert workspace.follow(stores, "engagement") == 4
    assert files(stores) == without
