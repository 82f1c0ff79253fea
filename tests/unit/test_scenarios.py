"""The suite's scenarios cost what they say, and what is right in them mends it."""

from dataclasses import dataclass
from functools import cached_property

import pytest
from pandas import DataFrame, Series, Timedelta
from pandas.testing import assert_frame_equal

from benchmarks.incidents.recalibrating import damaged, recalibrated, scorer_of
from benchmarks.incidents.scenario import Scenario, scenarios
from benchmarks.incidents.scoring import Scorer
from models.history import History
from models.spec import FitSettings, Fitted

SEEDS = (0, 1)
FIT = FitSettings()
SUITE = scenarios()
IN_THE_ISSUE = {
    *("nothing_happens", "day_effects", "weekly_season", "heavy_tails", "many_columns", "viral_day", "holiday"),
    *("outage", "unit_change", "null_column", "late_data", "late_labels", "slow_concept_drift", "bad_release"),
    *("sudden_concept_drift", "label_shift", "vocabulary_replaced", "calibration_only", "few_authors"),
}
FRESH_DAYS = 10  # of posts since the change that a new version learns from


@dataclass
class Run:
    """One run of a scenario: a champion of its start, and the same world without its incidents beside it."""

    scenario: Scenario
    seed: int

    @cached_property
    def rows(self) -> DataFrame:
        drawn = self.scenario.draw(self.seed)
        return drawn.posts.merge(drawn.outcomes, on="post_id")

    @cached_property
    def champion(self) -> Fitted:
        drawn = self.scenario.draw(self.seed)
        learned = History(drawn.posts, drawn.outcomes).labelled(self.scenario.start)
        return self.scenario.model.fit(learned, FIT)

    def days(self, first: int, last: int) -> DataFrame:
        """Rows published on the days [first, last) after the onset."""
        start = self.scenario.onset_at
        when = self.rows["published_at"]
        return self.rows[(when >= start + Timedelta(days=first)) & (when < start + Timedelta(days=last))]

    def loss(self, fitted: Fitted, rows: DataFrame) -> float:
        return float(self.scenario.model.losses(rows, scorer_of(fitted.files).predict(rows)).mean())

    @cached_property
    def best(self) -> Fitted:
        """Learned since the change alone."""
        return self.scenario.model.fit(self.days(self.settled, self.settled + FRESH_DAYS), FIT)

    @property
    def settled(self) -> int:
        """Days after the onset on which all has changed that will."""
        return 30 if self.scenario.name == "slow_concept_drift" else 0

    @property
    def after(self) -> DataFrame:
        first = self.settled + FRESH_DAYS
        return self.days(first, first + 25)


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, int], Run]:
    return {(name, seed): Run(scenario, seed) for name, scenario in SUITE.items() for seed in SEEDS}


def test_the_suite_holds_every_scenario_of_the_scoreboard():
    assert set(SUITE) >= IN_THE_ISSUE
    assert all(name == scenario.name for name, scenario in SUITE.items())


@pytest.mark.parametrize("scenario", SUITE.values(), ids=SUITE)
def test_a_scenario_says_what_is_right_and_by_when(scenario):
    acts = scenario.right != ("none",)
    assert len(scenario.right) == 1
    assert acts == bool(scenario.within)
    assert (scenario.onset is None) == (scenario.group == "quiet")
    assert bool(scenario.deadline) == (acts or bool(scenario.found_within))
    if scenario.onset is not None:
        assert scenario.start_day + 14 <= scenario.onset
    if scenario.deadline is not None:
        assert scenario.counted_from < scenario.deadline <= scenario.end
    assert all(incident.at == scenario.onset for incident in scenario.incidents)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["sudden_concept_drift", "slow_concept_drift", "vocabulary_replaced"])
def test_a_moved_world_costs_a_tenth_of_the_loss_until_it_is_learned_anew(runs, name, seed):
    run = runs[name, seed]
    stale, fresh = run.loss(run.champion, run.after), run.loss(run.best, run.after)
    mended = recalibrated(run.champion.files, run.days(run.settled, run.settled + FRESH_DAYS), FIT)
    assert stale / fresh > 1.095
    assert run.loss(mended, run.after) / fresh > 1.06


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["calibration_only", "label_shift"])
def test_moved_calibration_is_mended_as_well_as_by_learning_anew(runs, name, seed):
    run = runs[name, seed]
    mended = recalibrated(run.champion.files, run.days(0, FRESH_DAYS), FIT)
    stale, fresh, now = (run.loss(version, run.after) for version in (run.champion, run.best, mended))
    assert stale / now > 1.06
    assert now / fresh < 1.01
    assert mended.files["weights.npz"] is run.champion.files["weights.npz"]


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_posts_survives_a_calibration_shift(runs, seed):
    run = runs["calibration_only", seed]
    said = scorer_of(run.champion.files).predict(run.after)["value"]
    before = run.days(-20, 0)
    usual = scorer_of(run.champion.files).predict(before)["value"].corr(before["target"], method="spearman")
    assert said.corr(run.after["target"], method="spearman") == pytest.approx(usual, abs=0.03)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_that_moves_with_its_model_costs_nothing(runs, seed):
    run = runs["doubled_column", seed]
    assert run.loss(run.champion, run.after) / run.loss(run.best, run.after) < 1.01


@pytest.mark.parametrize("seed", SEEDS)
def test_a_doubled_loss_cannot_be_learned_away(runs, seed):
    run = runs["doubled_loss", seed]
    assert run.loss(run.champion, run.after) / run.loss(run.champion, run.days(-20, 0)) == pytest.approx(2, rel=0.1)
    assert run.loss(run.champion, run.after) / run.loss(run.best, run.after) < 1.01


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["bad_release", "late_labels"])
def test_a_damaged_version_loses_a_tenth_more(runs, name, seed):
    run = runs[name, seed]
    bad = damaged(run.champion, run.days(-14, 0), run.scenario.model.losses, 0.1)
    assert run.loss(bad, run.after) / run.loss(run.champion, run.after) == pytest.approx(1.1, abs=0.02)


def test_the_loss_of_a_good_champion_wobbles_by_a_twentieth_from_day_to_day(runs):
    for name in ("nothing_happens", "late_labels"):
        run = runs[name, 0]
        rows = run.rows[run.rows["published_at"] >= run.scenario.start]
        losses = run.scenario.model.losses(rows, scorer_of(run.champion.files).predict(rows))
        daily = Series(losses).groupby(rows["published_at"].dt.date.to_numpy()).mean()
        assert 0.04 < daily.std() / daily.mean() < 0.075


def test_the_probabilities_of_a_good_champion_are_right_on_average(runs):
    run = runs["late_labels", 0]
    rows = run.rows[run.rows["published_at"] >= run.scenario.start]
    said = scorer_of(run.champion.files).predict(rows)
    assert said.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1)
    assert said["p_negative"].mean() == pytest.approx((rows["target"] == "negative").mean(), abs=0.01)


@pytest.mark.parametrize("name", ["nothing_happens", "late_labels"])
def test_a_bundle_read_from_its_folder_says_what_it_said_in_memory(runs, name, tmp_path):
    run = runs[name, 0]
    for file, content in run.champion.files.items():
        (tmp_path / file).write_bytes(content)
    rows = run.rows.head(50).assign(word="never seen", c00_posts_7d=float("nan"))
    told = Scorer.load(str(tmp_path)).predict(rows)
    assert_frame_equal(told, scorer_of(run.champion.files).predict(rows))
    assert told.notna().all(axis=None)
