"""The page of a window, drawn by the real Evidently, and its defaults beside ours."""

import re
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from monitoring.column_measures import Column
from monitoring.drift import DRAWINGS, report, stock_by_evidently
from monitoring.measures import Measure, unjudged
from monitoring.shares import daily_distance, jensen_shannon, usual
from monitoring.spaces import fit_space
from monitoring.stock import stock_reference, stock_verdict

WORDS = np.array([f"word{i}" for i in range(2_000)])
KINDS = {"comments": "count", "momentum": "number", "has_link": "category", "topic": "category", "text": "text"}


def frame(seed, rows, factor=1.0, weights=(0.5, 0.3, 0.2)):
    draw = np.random.default_rng(seed)
    odds = 1 / np.arange(1, 2_001)
    return pd.DataFrame(
        {
            "comments": np.floor(factor * draw.lognormal(3, 2, rows)),
            "momentum": draw.lognormal(0, 1, rows),
            "has_link": draw.random(rows) < 0.3,
            "topic": draw.choice(["news", "pics", "</script><b>x"], rows, p=weights),
            "text": [" ".join(WORDS[row]) for row in draw.choice(2_000, (rows, 8), p=odds / odds.sum())],
        }
    )


def spaces_of(reference, kinds=KINDS):
    return {name: fit_space(name, reference[name], kind, 100) for name, kind in kinds.items()}


def columns_of(reference, current, spaces, moved=()):
    """Columns as the assessment makes them."""
    found = []
    for name, space in spaces.items():
        counts = space.shares(reference[name], np.arange(len(reference)) % 28, 28)
        before, now = counts.sum(axis=0), space.shares(current[name], np.zeros(len(current), dtype=int), 1)[0]
        median, most = usual(counts, np.ones(28, dtype=bool))
        value = jensen_shannon(before, now)
        stock = str(stock_verdict(stock_reference(reference[name]), current[name]))
        extra = {"usual": median, "surprise": value / median, "spent": 0.35, "stock": stock}
        measure = Measure("drift", name, "all", value, most, name in moved, len(current), **extra)
        found.append(Column(measure, space, before, now))
    return found


def empty(name, space=None):
    return Column(unjudged("drift", name, 1_500), space, np.zeros(3), np.zeros(3))


def page_of(path, columns, measures=()):
    report(
        path,
        title="engagement 4: 2012-04-01 to 2012-04-08 against the 28 days before",
        verdict="none: one column moved <b>and cost nothing",
        columns=columns,
        measures=measures,
    )
    return path.read_text()


def test_the_page_shows_the_deciding_numbers_and_loads_nothing_from_outside(tmp_path):
    reference, current = frame(1, 2_800), frame(2, 1_500, factor=2.0)
    columns = columns_of(reference, current, spaces_of(reference), moved={"comments"})
    html = page_of(tmp_path / "reports" / "engagement.html", [*columns, empty("nothing")])
    assert "2012-04-01 to 2012-04-08 against" in html and "one column moved" in html
    for m in (column.measure for column in columns):
        assert f'"{m.value:.3f}", "{m.usual:.3f}", "{m.threshold:.3f}", "{m.surprise:+.1f}", "35 %"' in html
        assert f"Drift score: {round(m.value, 3)}" in html  # Evidently's drawing
        assert m.stock in html
    assert html.count("Data drift detected") == html.count('"moved"') == 1
    assert html.count("Data drift not detected") == html.count('"as before"') == 4
    assert '"not judged"' in html
    assert "</script><b>x" not in html and "<b>and" not in html
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?(?:https?:)?//", html)
    assert not list(tmp_path.rglob("*.part"))


def test_what_moved_stands_and_is_drawn_first_and_no_more_than_a_dozen_are_drawn(tmp_path):
    names = [f"x{i}" for i in range(15)]
    draw = np.random.default_rng(0)
    reference, current = (pd.DataFrame(draw.normal(size=(rows, 15)), columns=names) for rows in (1_400, 700))
    spaces = spaces_of(reference, dict.fromkeys(names, "number"))
    html = page_of(tmp_path / "p.html", columns_of(reference, current, spaces, {"x9"}))
    drawn = re.findall(r"Drift in column 'x(\d+)", html)
    assert len(drawn) == DRAWINGS and drawn[0] == "9"


def test_what_cannot_be_drawn_stands_in_the_table(tmp_path):
    reference = frame(1, 1_400)
    loss = Measure("performance", "platform", "x", 0.5, 0.6, True, 700, surprise=4.0)
    html = page_of(tmp_path / "p.html", [empty("text"), empty("topic", spaces_of(reference)["topic"])], [loss])
    assert '"performance: platform, x"' in html and "Drift in column" not in html


def test_evidence_far_beyond_the_limit_is_not_counted_out(tmp_path):
    spent = (9.99, 10.01, 3e21, np.inf)
    losses = [Measure("performance", f"m{n}", "x", 0.5, 0.6, True, 700, spent=s) for n, s in enumerate(spent)]
    html = page_of(tmp_path / "p.html", [], losses)
    assert html.count('"999 %"') == 1 and html.count('"over 1,000 %"') == 3


def test_bars_stand_in_the_order_of_the_values(tmp_path):
    reference, current = frame(1, 1_400), frame(2, 700)
    spaces = {"momentum": spaces_of(reference)["momentum"]}
    html = page_of(tmp_path / "p.html", columns_of(reference, current, spaces))
    order = re.search(r'"categoryarray": ?\[(.*?)\]', html).group(1)
    assert re.findall('"(.*?)"', order) == list(spaces["momentum"].cells)


SHIFTS = {
    "normal": lambda draw, rows, by: draw.normal(0.1 * by, 1, rows),
    "counts": lambda draw, rows, by: np.floor(draw.lognormal(3 + 0.26 * by, 2, rows)),
    "epochs": lambda draw, rows, by: 1.3e9 + draw.normal(0.1 * by, 1, rows),
    "whole": lambda draw, rows, by: draw.poisson(20 + by, rows),
    "few whole": lambda draw, rows, by: draw.integers(0, 8, rows),
    "few": lambda draw, rows, by: draw.integers(0, 4 + by, rows).astype(float),
    "two": lambda draw, rows, by: (draw.random(rows) < 0.3 + 0.05 * by).astype(float),
    "flag": lambda draw, rows, by: draw.random(rows) < 0.3 + 0.05 * by,
    "one": lambda draw, rows, by: np.full(rows, 3.0 + by),
    "names": lambda draw, rows, by: draw.choice(list("abcdef"), rows, p=np.array([3, 2, 2, 1 + by, 1, 1]) / (10 + by)),
    "new name": lambda draw, rows, by: draw.choice(list("xyz")[: 2 + by], rows),
    "holes": lambda draw, rows, by: np.where(draw.random(rows) < 0.2, np.inf, draw.normal(0.1 * by, 1, rows)),
}


def shift(kind, rows, by, seed):
    return pd.Series(SHIFTS[kind](np.random.default_rng([rows, seed]), rows, by))


@pytest.mark.parametrize("kind", SHIFTS)
@pytest.mark.parametrize("rows", [300, 1_000, 1_001, 5_000])
def test_our_account_of_the_defaults_is_theirs(kind, rows):
    for by in (0, 1):
        for current in (60, 900):
            reference, now = shift(kind, rows, 0, 1), shift(kind, current, by, 2)
            ours, theirs = stock_verdict(stock_reference(reference), now), stock_by_evidently(reference, now)
            assert (ours.method, ours.threshold, ours.drifted) == (theirs.method, theirs.threshold, theirs.drifted)
            assert ours.score == pytest.approx(theirs.score, rel=1e-7, abs=1e-9)


def test_a_column_of_a_window_is_judged_by_the_defaults_within_a_millisecond():
    reference, now = shift("counts", 30_000, 0, 1), shift("counts", 1_000, 1, 2)
    prepared = stock_reference(reference)
    stock_verdict(prepared, now)
    start = time.process_time()
    for _ in range(50):
        stock_verdict(prepared, now)
    assert (time.process_time() - start) / 50 < 0.001


def test_a_quarter_of_a_million_rows_are_read_day_by_day_in_a_quarter_of_a_second():
    column, day = shift("counts", 250_000, 0, 1), np.sort(np.random.default_rng(0).integers(0, 56, 250_000))
    start = time.process_time()
    space = fit_space("x", column, "count", 100)
    daily_distance(space.shares(column, day, 56), np.ones(56, dtype=bool), np.bincount(day))
    assert time.process_time() - start < 0.25


def test_evidently_is_not_imported_before_it_draws():
    code = "import monitoring.drift, monitoring.decide, sys; print('evidently' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
