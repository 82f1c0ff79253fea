"""Drift measured by the real Evidently, on seeded data."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from monitoring.comparable import comparable
from monitoring.drift import drift
from trimtab.settings import Monitoring

SETTINGS = Monitoring(drift_distance=0.1, min_rows=100)
VOCABULARY = np.array([f"word{i}" for i in range(3_000)])


def counts(seed, rows, factor=1.0):
    return np.floor(factor * np.random.default_rng(seed).lognormal(3, 2, rows))


def texts(seed, rows, new_share=0.0):
    draw = np.random.default_rng(seed)
    odds = 1 / np.arange(1, 2_001)
    words = draw.choice(2_000, (rows, 12), p=odds / odds.sum())
    words = np.where(draw.random(words.shape) < new_share, draw.integers(2_000, 2_050, words.shape), words)
    return [" ".join(VOCABULARY[row]) for row in words]


def frame(seed, rows, factor=1.0, new_share=0.0, weights=(0.5, 0.3, 0.2)):
    draw = np.random.default_rng(seed + 1_000)
    return pd.DataFrame(
        {
            "comments": counts(seed, rows, factor),
            "momentum": draw.lognormal(0, 1, rows),
            "has_link": draw.random(rows) < 0.3,
            "topic": draw.choice(["news", "pics", "</script><b>x"], rows, p=weights),
            "text": texts(seed, rows, new_share),
        }
    )


KINDS = {"comments": "count", "momentum": "number", "has_link": "number", "topic": "category", "text": "text"}


def measured(reference, current, kinds=KINDS, settings=SETTINGS, **options):
    return {m.name: m for m in drift(reference, current, kinds, settings, **options)}


def test_a_third_more_of_heavy_tailed_counts_is_found_and_the_same_counts_are_not():
    found = missed = 0
    for seed in range(20):
        reference = pd.DataFrame({"comments": counts(seed, 20_000)})
        for factor in (1.0, 1.3):
            current = pd.DataFrame({"comments": counts(seed + 500, 5_000, factor)})
            alarm = measured(reference, current, {"comments": "count"})["comments"].alarm
            found += alarm and factor > 1
            missed += alarm and factor == 1
    assert found >= 18
    assert missed == 0


def test_evidently_by_default_hardly_finds_that_shift():
    from evidently.legacy.calculations.stattests import wasserstein_stat_test
    from evidently.legacy.core import ColumnType

    found = 0
    for seed in range(20):
        before, now = pd.Series(counts(seed, 5_000)), pd.Series(counts(seed + 500, 5_000, 1.3))
        found += wasserstein_stat_test(before, now, ColumnType.Numerical, None).drifted
    assert found <= 8


@pytest.mark.parametrize("rows", [150, 1_000, 5_000])
def test_samples_of_one_world_raise_no_alarm_at_any_size(rows):
    alarms = [
        name
        for seed in range(12)
        for name, m in measured(frame(seed, 4_000), frame(seed + 50, rows)).items()
        if m.alarm
    ]
    assert alarms == []


def test_each_kind_of_change_is_found_in_its_own_column_alone():
    reference = frame(1, 8_000)
    worlds = {
        "comments": frame(2, 3_000, factor=2.0),
        "text": frame(2, 3_000, new_share=0.2),
        "topic": frame(2, 3_000, weights=(0.2, 0.3, 0.5)),
        "momentum": frame(2, 3_000).assign(momentum=lambda rows: rows["momentum"] * 1_000),
        "has_link": frame(2, 3_000).assign(has_link=lambda rows: np.arange(len(rows)) % 10 < 6),
    }
    for name, current in worlds.items():
        assert [m.name for m in drift(reference, current, KINDS, SETTINGS) if m.alarm] == [name]


def test_the_numbers_are_the_ones_we_compute_ourselves():
    reference, current = frame(1, 6_000), frame(2, 2_500, factor=1.4, new_share=0.1)
    got = measured(reference, current)
    logs = [np.log1p(rows["comments"]) for rows in (reference, current)]
    ladder = np.sort(reference["momentum"])
    ranks = [
        (np.searchsorted(ladder, rows["momentum"]) + np.searchsorted(ladder, rows["momentum"], "right")) / 2
        for rows in (reference, current)
    ]
    for name, (before, now) in {"comments": logs, "momentum": ranks}.items():
        assert got[name].value == pytest.approx(wasserstein_distance(before, now) / np.std(before), rel=1e-9)
    for name in ("topic", "has_link"):
        shares = [rows[name].value_counts(normalize=True).sort_index() for rows in (reference, current)]
        assert got[name].value == pytest.approx(jensenshannon(*shares), rel=1e-9)
    words = [" ".join(rows["text"]).split() for rows in (reference, current)]
    pooled = pd.concat([pd.Series(side).value_counts(normalize=True) for side in words], axis=1).fillna(0)
    top = pooled.assign(both=pooled.sum(axis=1)).sort_values("both", ascending=False).iloc[:, :2]
    shares = np.vstack([top.iloc[:200], top.iloc[200:].sum()])
    assert got["text"].value == pytest.approx(jensenshannon(shares[:, 0], shares[:, 1]), rel=1e-3)


def test_an_upgrade_of_evidently_that_moves_a_number_is_noticed():
    got = measured(frame(1, 6_000), frame(2, 2_500, factor=1.4, new_share=0.1))
    assert {name: round(m.value, 6) for name, m in got.items()} == GOLDEN


GOLDEN = {
    "comments": 0.135387,
    "momentum": 0.046603,
    "has_link": 0.007968,
    "topic": 0.013443,
    "text": 0.194549,
}


def test_the_same_frames_measure_the_same_twice():
    one, other = frame(1, 25_000), frame(2, 22_000)
    assert drift(one, other, KINDS, SETTINGS) == drift(one, other, KINDS, SETTINGS)


AWKWARD = {
    "no rows": [],
    "one row": [1.0],
    "one value": [3.0] * 500,
    "all null": [None] * 500,
    "all infinite": [np.inf, -np.inf] * 250,
    "text among numbers": ["x", "1"] * 250,
    "mixed types": [1, "a", None, 2.5] * 125,
    "big integers": [10**18, 1] * 250,
    "ordinary": list(np.random.default_rng(0).normal(size=500)),
}


@pytest.mark.parametrize("before", AWKWARD)
@pytest.mark.parametrize("now", AWKWARD)
def test_awkward_columns_are_measured_or_not_judged_and_never_raise(before, now):
    reference, current = (pd.DataFrame({"x": AWKWARD[side]}) for side in (before, now))
    for kind in ("count", "number", "category", "text"):
        (got,) = drift(reference, current, {"x": kind}, SETTINGS)
        assert got.judged or not got.alarm
        if {before, now} & {"no rows", "one row", "all null"}:
            assert not got.judged
        if before == now == "one value" and kind != "text":
            assert not got.judged


def test_a_missing_column_is_not_judged():
    (got,) = drift(frame(1, 300), frame(2, 300), {"gone": "number"}, SETTINGS)
    assert not got.judged and not got.alarm and got.rows == 300


def test_nullable_types_and_infinities_are_left_out_of_the_rows():
    values = np.random.default_rng(0).normal(size=1_000)
    odd = pd.Series(np.where(np.arange(1_000) % 4 == 0, np.inf, values))
    reference = pd.DataFrame({"x": odd, "flag": pd.array([True, False, None, True] * 250, dtype="boolean")})
    got = measured(reference, reference, {"x": "number", "flag": "number"})
    assert (got["x"].rows, got["x"].value) == (750, 0)
    assert (got["flag"].rows, got["flag"].value) == (750, 0)


def test_a_small_window_needs_a_larger_distance():
    pairs = [
        comparable(frame(1, 5_000)["momentum"], frame(2, rows)["momentum"], "number", 1) for rows in (100, 1_000, 5_000)
    ]
    floors = [pair.floor for pair in pairs]
    assert floors == sorted(floors, reverse=True)
    assert floors[0] > 0.3 > 0.1 > floors[2]


def test_the_report_shows_the_deciding_numbers_and_loads_nothing_from_outside(tmp_path):
    page = tmp_path / "reports" / "engagement.html"
    reference, current = frame(1, 2_000), frame(2, 1_500, factor=2.0).assign(empty=None)
    kinds = KINDS | {"empty": "number"}
    title = "engagement 4: 2012-04-01 to 2012-04-08 against the 28 days before"
    got = measured(reference.assign(empty=None), current, kinds, report=page, title=title)
    html = page.read_text()
    assert title in html
    for m in got.values():
        if m.judged:
            assert f'"{m.value:.3f}", "{m.threshold:.3f}"' in html  # our table
            assert f"Drift score: {round(m.value, 3)}" in html  # Evidently's drawing
    assert html.count("Data drift detected") == sum(m.alarm for m in got.values()) == 1
    assert '"not judged"' in html
    assert "</script><b>x" not in html
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?(?:https?:)?//", html)
    assert not list(page.parent.glob("*.part"))


def test_twenty_columns_of_five_thousand_rows_take_two_seconds():
    reference, current = ({f"x{i}": frame(seed, 5_000)["momentum"] for i in range(20)} for seed in (1, 2))
    frames, kinds = (pd.DataFrame(reference), pd.DataFrame(current)), dict.fromkeys(reference, "number")
    drift(*frames, kinds, SETTINGS)
    start = time.process_time()
    drift(*frames, kinds, SETTINGS)
    assert time.process_time() - start < 2


def test_evidently_is_not_imported_before_it_measures():
    import subprocess
    import sys

    code = "import monitoring.drift, monitoring.decide, sys; print('evidently' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
