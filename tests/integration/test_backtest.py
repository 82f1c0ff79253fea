"""A past lived through under several policies: what is reported, shared, logged and left alone."""

import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from click.testing import CliRunner

from flows.backtest import backtest
from models.history import load_history
from models.registry import Registry
from models.stores import Stores
from monitoring.advice import advise, blocks_of
from monitoring.backtest import run
from monitoring.decide import Decision
from monitoring.policy import Policy, policy
from monitoring.pool import Pool
from simulator.incidents import parse
from simulator.world import World
from simulator.write import write
from tests import tiny_stores
from trimtab import settings
from trimtab.cli import commands  # noqa: F401 - they register themselves
from trimtab.cli.main import cli
from trimtab.errors import NotEnoughData, SettingsError, TrimtabError
from trimtab.windows import Window, utc

START, END, AS_OF = utc("2024-02-05"), utc("2024-03-04"), utc("2024-03-08")
POLICIES = ("never", "calendar:14d", "budgeted", "oracle")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """(settings, source.yaml) of a stream in which the audience moves, for a model of one module."""
    folder = tmp_path_factory.mktemp("backtest")
    source = write(folder / "world", World(days=67, posts_per_day=80), [parse(f"concept_drift@{date(2024, 2, 10)}")])
    tiny_stores.empty(folder / "home" / "mlflow")
    known = settings.load(folder / "home")
    quick = known.training.model_copy(update={"threads": 1})
    return known.model_copy(update={"models": ("benchmarks.plain_model",), "training": quick}), source


def lived(world, folder, policies=POLICIES, start=START, end=END, step=timedelta(days=1), model="plain"):
    known, source = world
    report, picture = folder / "report.json", folder / "report.png"
    about = {"as_of": AS_OF, "progress": lambda *_: None}
    return backtest(known, source, model, start, end, step, policies, report, picture, **about)


@pytest.fixture(scope="module")
def found(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    return lived(world, folder), folder


def totals(found):
    return {name: told["totals"] for name, told in found[0]["policies"].items()}


def test_each_policy_lives_through_the_same_posts(found):
    told = totals(found)
    assert list(told) == list(POLICIES)
    assert len({(each["windows"], each["posts"], each["labelled_posts"]) for each in told.values()}) == 1
    assert told["never"]["windows"] == 28
    assert told["calendar:14d"]["retrains"] == 2
    assert told["never"]["retrains"] == told["never"]["paid"] == 0


def test_cost_is_what_errors_and_trainings_cost_and_regret_is_counted_from_the_oracle(found, world):
    cost, told = world[0].cost, totals(found)
    for each in told.values():
        errors = cost.error_cost * each["mean_loss"] * each["labelled_posts"]
        assert each["cost"] == pytest.approx(errors + each["paid"])
        assert each["regret"] == pytest.approx(each["cost"] - told["oracle"]["cost"])
        assert each["regret"] >= -1e-9
        assert each["metrics"]["mae"] == pytest.approx(each["mean_loss"])


def test_a_version_scores_only_windows_that_began_after_its_training(found):
    for told in found[0]["policies"].values():
        for window in told["windows"]:
            assert window["version"][:10] <= f"{window['start']:%Y-%m-%d}"


def past_of(world):
    stores = Stores(world[0].model_copy(update={"home": world[0].home / "replays" / "simulated-plain-backtest"}))
    stores.lake, model = Stores(world[0]).lake, stores.model("plain")
    return stores, model, load_history(stores, model, Window(utc("2024-01-01"), END), AS_OF)


def test_a_window_without_posts_has_nothing_to_be_left_out(found, world):
    day, (stores, model, past) = timedelta(days=1), past_of(world)
    silent = past.posts["event_timestamp"].between(START + 2 * day, START + 5 * day, inclusive="left")
    past = replace(past, posts=past.posts[~silent])
    broken = Policy("broken", lambda e, _: Decision("retrain" if e.as_of == START + 6 * day else "quarantine", ("",)))
    pool = Pool(model, past, world[0], stores.fit_settings)
    course = run(model, past, Window(START, START + 7 * day), day, broken, world[0], pool)
    left_out = tuple(Window(START + n * day, START + (n + 1) * day) for n in range(2))
    assert course.windows[5]["challenger"] == pool.train(START + 6 * day, blocked=left_out).version
    assert len(pool.made) == 2


def test_a_version_is_fitted_once_however_many_policies_ask_for_it(found, world):
    stores, model, past = past_of(world)
    fits = []
    counted = replace(model, fit=lambda rows, given: fits.append(len(rows)) or model.fit(rows, given))
    for policies, most in ((["calendar:14d"], 2), (["never", "calendar:14d", "calendar:7d"], 4)):
        fits.clear()
        pool = Pool(counted, past, world[0], stores.fit_settings)
        for name in policies:
            run(counted, past, Window(START, END), timedelta(days=1), policy(name), world[0], pool)
        assert len(fits) == pool.fits == most


def test_the_recommendation_names_the_cheapest_and_says_how_sure_it_is(found):
    told, advice = totals(found), found[0]["recommendation"]
    cheapest = min(set(POLICIES) - {"oracle"}, key=lambda name: told[name]["cost"])
    assert told[advice["best"]]["cost"] == told[cheapest]["cost"]
    assert found[0]["sentence"].startswith(advice["best"])


def test_report_and_picture_are_written_and_nothing_else(found):
    report, folder = found
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "report.png"]
    assert json.loads((folder / "report.json").read_text())["sentence"] == report["sentence"]
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")


def test_policies_can_be_compared_in_mlflow(found, world):
    client = Registry(world[0].mlflow_path).store.client
    experiment = client.get_experiment_by_name("plain backtest")
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time"])
    parent = next(run for run in runs if "policy" not in run.data.params)
    below = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.params["policy"] for run in below} == set(POLICIES)
    assert {file.path for file in client.list_artifacts(parent.info.run_id)} == {"backtest.json", "backtest.png"}
    never = next(run for run in below if run.data.params["policy"] == "never")
    assert never.data.metrics["regret"] == pytest.approx(totals(found)["never"]["regret"])
    assert len(client.get_metric_history(never.info.run_id, "window_loss")) == 28
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_what_is_decided_when_the_past_ends_is_not_carried_out(found):
    last = found[0]["policies"]["calendar:14d"]["windows"][-1]
    assert (last["decision"], last["challenger"], last["paid"]) == ("retrain", None, 0)


def test_registry_and_ledger_of_production_are_left_alone(found, world):
    stores = Stores(world[0])
    assert (stores.registry.names(), stores.ledger.entries()) == ([], [])


@pytest.mark.parametrize(
    ("slip", "error", "words"),
    [
        ({"policies": ["nevr"]}, SettingsError, "Did you mean 'never'"),
        ({"policies": ["oracle"]}, SettingsError, "besides the oracle"),
        ({"start": END, "end": START}, SettingsError, "swap them"),
        ({"model": "plian"}, TrimtabError, "Did you mean 'plain'"),
        ({"start": utc("2030-01-01"), "end": utc("2030-02-01")}, NotEnoughData, "No post"),
        ({"start": utc("2024-01-03")}, NotEnoughData, "No first version could be trained"),
        ({"step": timedelta(days=60)}, NotEnoughData, "No whole step"),
    ],
)
def test_a_slip_is_one_sentence_and_leaves_no_file(world, tmp_path, slip, error, words):
    with pytest.raises(error, match=words):
        lived(world, tmp_path, **({"policies": ["never"]} | slip))
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_at_once_is_refused_and_the_place_is_free_afterwards(tmp_path):
    from flows.past import _scratch

    known = settings.Settings(home=tmp_path)
    with (
        _scratch(known, "one"),
        pytest.raises(TrimtabError, match="Another run works in"),
        _scratch(known, "one"),
    ):
        pass
    with _scratch(known, "one") as stores:
        assert stores.settings.home == tmp_path / "replays" / "one"


def test_a_kill_before_all_is_done_leaves_no_report(world, tmp_path, monkeypatch):
    import flows.publish as publishing

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(publishing, "_put", die)
        lived(world, tmp_path, ["never"])
    assert list(tmp_path.iterdir()) == []


def command(world, *more):
    known, source = world
    about = ["--home", str(known.home), "backtest", str(source), "--model", "plain"]
    return CliRunner().invoke(cli, [*about, "--start", "2024-02-05", "--end", "2024-03-04", *more])


def test_the_command_prints_a_table_and_one_sentence(world, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMTAB_MODELS", '["benchmarks.plain_model"]')
    monkeypatch.setenv("TRIMTAB_TRAINING__THREADS", "1")
    done = command(world, "--step", "7d", "--policies", "never,calendar:14d", "--report", str(tmp_path / "out.json"))
    assert done.exit_code == 0, done.output
    first_words = [line.split()[0] for line in done.output.splitlines() if line.strip()]
    assert first_words[:3] == ["policy", "never", "calendar:14d"]
    assert (tmp_path / "out.json").exists()
    assert (tmp_path / "out.png").exists()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_as_report_is_refused_before_the_work(world, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMTAB_MODELS", '["benchmarks.plain_model"]')
    done = command(world, "--report", str(tmp_path))
    assert done.exit_code != 0
    assert "is a folder" in done.output


def test_a_policy_that_is_always_cheaper_is_recommended_for_sure():
    blocks = blocks_of([START + timedelta(days=day) for day in range(70)])
    noise = np.random.default_rng(0).normal(0, 0.1, 70)
    advice = advise({"a": 10 + noise, "b": 9 + noise, "c": 9 + noise}, blocks, seed=0)
    assert (advice.best, advice.same, advice.second, advice.sure) == ("b", ("c",), "a", 1.0)
    assert advice.saves.value == pytest.approx(70)


def test_a_difference_that_is_chance_is_not_sure():
    draw = np.random.default_rng(1)
    blocks = blocks_of([START + timedelta(days=day) for day in range(70)])
    advice = advise({"a": draw.normal(10, 3, 70), "b": draw.normal(10, 3, 70)}, blocks, seed=0)
    assert advice.saves.low < 0 < advice.saves.high
    assert 0.5 <= advice.sure < 0.975


def test_a_few_windows_do_not_say_how_sure_one_can_be():
    advice = advise({"a": np.array([1.0]), "b": np.array([2.0])}, np.array([0]), seed=0)
    assert (advice.best, advice.sure) == ("a", None)
    assert "too few" in str(advice)
    assert json.loads(json.dumps(advice.plain(), allow_nan=False))["saves"] == {"value": 1.0, "low": None, "high": None}
