"""Incidents: each shows in the data from its date on and nowhere before."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from simulator.day import Conditions, Day
from simulator.incidents import KINDS, Incident, parse, parse_all
from simulator.stream import days
from simulator.world import World
from trimtab.errors import SettingsError
from trimtab.posts import COUNTS

WORLD = World(start=date(2024, 3, 1), days=16, posts_per_day=200, seed=3, volume_sd=0.0)
AT = 9  # the incident's day, 2024-03-10
EVERY_KIND = [
    "concept_drift",
    "null_column",
    "outage",
    "unit_change",
    "viral_day",
    "vocabulary_change",
]


def run(*specs: str, world: World = WORLD) -> list[Day]:
    return list(days(world, parse_all(specs)))


@pytest.fixture(scope="module")
def quiet() -> list[Day]:
    return run()


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_days_before_an_incident_are_what_they_would_have_been(quiet, kind):
    for before, same in zip(quiet[:AT], run(f"{kind}@2024-03-10"), strict=False):
        for frame in ("posts", "snapshots", "labels", "truth"):
            assert_frame_equal(getattr(before, frame), getattr(same, frame))


@pytest.mark.parametrize("kind", ["null_column", "unit_change"])
def test_broken_data_heals_after_its_days(quiet, kind):
    broken = run(f"{kind}@2024-03-10:days=2")
    for number in range(WORLD.days):
        hit = number in (AT, AT + 1)
        same = broken[number].posts.equals(quiet[number].posts) and broken[number].snapshots.equals(
            quiet[number].snapshots
        )
        assert same != hit


def test_a_concept_drift_changes_what_earns_engagement(quiet):
    def premium(stream: list[Day], flag: str) -> float:
        rows = pd.concat([day.posts.merge(day.truth, on="id") for day in stream[AT:]])
        return rows.groupby(flag)["expected_log_likes"].mean().diff().iloc[-1]

    drifted = run("concept_drift@2024-03-10")
    assert premium(quiet, "has_video") > 0.5
    assert premium(drifted, "has_video") < 0
    assert premium(quiet, "has_link") < 0 < premium(drifted, "has_link")
    assert set(drifted[AT].truth["concept"]) == {1.0}


def test_a_concept_drift_makes_some_feelings_say_the_opposite(quiet):
    def words(stream: list[Day], sentiment: str) -> pd.Series:
        rows = pd.concat([day.posts.merge(day.truth, on="id") for day in stream[AT:]])
        text = rows.loc[rows["sentiment"] == sentiment, "text"]
        return text.str.lower().str.findall(r"[a-z]+").explode().value_counts()

    drifted = run("concept_drift@2024-03-10", world=replace(WORLD, days=30))
    ratio = words(drifted, "negative") / words(drifted, "positive")
    usual = words(quiet, "negative") / words(quiet, "positive")
    turned = [word for word in usual.index if usual[word] < 0.25 and ratio.get(word, 0) > 4]
    assert len(turned) >= 3


def test_strength_and_ramp_set_how_far_and_how_fast_a_concept_moves():
    slow = run("concept_drift@2024-03-10:strength=0.5,ramp_days=5")
    concept = [day.truth["concept"].iloc[0] for day in slow[AT - 1 : AT + 6]]
    assert concept == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5])


def test_a_second_concept_drift_turns_the_first_back():
    there_and_back = run("concept_drift@2024-03-10", "concept_drift@2024-03-13")
    assert [day.truth["concept"].iloc[0] for day in there_and_back[AT - 1 : AT + 4]] == [0, 1, 1, 1, 0]


def test_a_vocabulary_change_brings_new_words_and_nothing_else(quiet):
    changed = run("vocabulary_change@2024-03-10")
    known = set(" ".join(text for day in quiet for text in day.posts["text"]).lower().split())
    new = [len(set(day.posts["text"].str.lower().str.cat(sep=" ").split()) - known) for day in changed]
    assert max(new[:AT]) == 0
    assert min(new[AT:]) > 50
    for day, same in zip(changed, quiet, strict=True):
        assert_frame_equal(day.snapshots, same.snapshots)
        assert_frame_equal(day.labels, same.labels)
        assert_frame_equal(day.truth, same.truth)


def test_a_viral_day_bursts_and_leaves_no_trace(quiet):
    viral = run("viral_day@2024-03-10")
    assert len(viral[AT].posts) > 3 * len(quiet[AT].posts)
    rise = viral[AT].truth["expected_log_likes"].mean() - quiet[AT].truth["expected_log_likes"].mean()
    assert rise == pytest.approx(np.log(5), abs=0.3)
    assert_frame_equal(viral[AT + 1].posts, quiet[AT + 1].posts)
    assert_frame_equal(viral[AT + 1].truth, quiet[AT + 1].truth)


def test_an_outage_of_hours_stops_traffic_and_loses_what_it_covers(quiet):
    down = run("outage@2024-03-10:hours=8,from_hour=10")[AT]
    for frame, moment in (("posts", "published_at"), ("snapshots", "measured_at"), ("labels", "labelled_at")):
        usual, left = (getattr(day, frame)[moment].dt.hour.between(10, 17).sum() for day in (quiet[AT], down))
        assert usual > 10
        assert left <= 0.05 * usual
    assert (down.posts["published_at"].dt.hour > 17).sum() > 30


def test_an_outage_runs_over_midnight(quiet):
    down = run("outage@2024-03-10:hours=6,from_hour=21,left=0")
    assert (down[AT].posts["published_at"].dt.hour < 21).all()
    assert (down[AT + 1].posts["published_at"].dt.hour >= 3).all()


def test_an_outage_of_days_leaves_days_empty():
    down = run("outage@2024-03-10:days=2,left=0")
    assert [len(day.posts) > 0 for day in down[AT - 1 : AT + 3]] == [True, False, False, True]
    assert [len(day.snapshots) > 0 for day in down[AT - 1 : AT + 3]] == [True, False, False, True]


def test_a_unit_change_multiplies_the_counts_of_one_platform(quiet):
    changed = run("unit_change@2024-03-10:platform=clips,factor=100")
    for count in COUNTS:
        hit = quiet[AT].snapshots["platform"] == "clips"
        assert (changed[AT].snapshots[count] == quiet[AT].snapshots[count] * np.where(hit, 100, 1)).all()


def test_a_unit_change_of_one_count_leaves_the_others(quiet):
    changed = run("unit_change@2024-03-10:count=views")[AT].snapshots
    assert (changed["views"] == 1000 * quiet[AT].snapshots["views"]).all()
    assert_frame_equal(changed.drop(columns="views"), quiet[AT].snapshots.drop(columns="views"))


@pytest.mark.parametrize(("column", "frame"), [("author", "posts"), ("comments", "snapshots"), ("label", "labels")])
def test_a_null_column_is_null_in_its_table(quiet, column, frame):
    broken = getattr(run(f"null_column@2024-03-10:column={column}")[AT], frame)
    assert broken[column].isna().all()
    assert len(broken) == len(getattr(quiet[AT], frame))


def test_incidents_add_up():
    both = run("viral_day@2024-03-10", "unit_change@2024-03-10:days=1", "null_column@2024-03-10:column=text")
    assert both[AT].posts["text"].isna().all()
    assert len(both[AT].posts) > 400
    assert (both[AT].snapshots["views"] % 1000 == 0).all()


def test_a_new_kind_takes_one_small_class():
    @dataclass(frozen=True)
    class Flood(Incident, kind="flood_for_a_test"):
        share: float = 0.9

        def conditions(self, now: Conditions, day: date) -> Conditions:
            return replace(now, few_authors_share=self.share)

    try:
        flooded = run("flood_for_a_test@2024-03-10:share=0.8")
    finally:
        del KINDS["flood_for_a_test"]
    top = flooded[AT].posts["author"].value_counts(normalize=True)
    assert top.iloc[:5].sum() > 0.75


@pytest.mark.parametrize(
    ("conditions", "check"),
    [
        ({"mood": 2.0}, lambda day: (day.truth["sentiment"] == "positive").mean() > 0.75),
        ({"label_share": 0.1}, lambda day: len(day.labels) < 30),
        ({"label_delay": 50.0}, lambda day: len(day.labels) < 30),
    ],
)
def test_the_other_knobs_of_a_day_turn(conditions, check, quiet):
    @dataclass(frozen=True)
    class Turn(Incident, kind="turn_for_a_test"):
        def conditions(self, now: Conditions, day: date) -> Conditions:
            return replace(now, **conditions)

    try:
        turned = run("turn_for_a_test@2024-03-01")
    finally:
        del KINDS["turn_for_a_test"]
    assert check(turned[AT])
    assert not check(quiet[AT])


@pytest.mark.parametrize(
    "spec",
    [
        "concept_drift@2024-03-10",
        "concept_drift@2024-03-10:strength=0.5,ramp_days=4.0",
        "unit_change@2024-04-02:days=3.0,factor=100,platform=clips",
        "null_column@2024-04-02:column=text",
        "outage@2024-04-02:hours=12.0,from_hour=6",
    ],
)
def test_an_incident_prints_as_the_spec_that_makes_it(spec):
    assert str(parse(spec)) == spec
    assert parse(str(parse(spec))) == parse(spec)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("concept_drif@2024-03-15", "Did you mean 'concept_drift'?"),
        ("concept_drift", "write it as concept_drift@2024-03-15"),
        ("concept_drift@15.3.2024", "'15.3.2024' is not a date; write it as 2024-03-15."),
        ("unit_change@2024-03-15:factr=10", "Did you mean 'factor'?"),
        ("unit_change@2024-03-15:factor=ten", "unit_change: factor is 'ten'; give a whole number."),
        ("unit_change@2024-03-15:factor=1", "unit_change: factor is 1; give a whole number from 2 to 1000000."),
        ("unit_change@2024-03-15:count=view", "count is 'view'; give all or one of likes, shares, comments, views."),
        ("unit_change@2024-03-15:days=0", "unit_change: days is 0.0; give 1 or more."),
        ("unit_change@2024-03-15:days=nan", "unit_change: days is nan; give 1 or more."),
        ("concept_drift@2024-03-15:strength=2", "strength is 2.0; give a number above 0 and up to 1."),
        ("null_column@2024-03-15:column=autor", "Did you mean 'author'?"),
        ("outage@2024-03-15:from_hour=24", "from_hour is 24; give an hour from 0 to 23."),
    ],
)
def test_a_bad_spec_is_refused_with_what_to_write(spec, said):
    with pytest.raises(SettingsError) as refused:
        parse(spec)
    assert said in str(refused.value)


def test_an_incident_outside_the_world_is_refused():
    with pytest.raises(SettingsError, match="begins before the world does, on 2024-03-01"):
        run("concept_drift@2024-02-01")
    with pytest.raises(SettingsError, match="Did you mean 'clips'"):
        run("unit_change@2024-03-10:platform=clip")
