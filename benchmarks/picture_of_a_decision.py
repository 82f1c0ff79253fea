"""Draw docs/decisions.png from the code that decides: python -m benchmarks.picture_of_a_decision [PATH].

One run of the scenario `sudden_concept_drift`: what the champion lost a day, what evidence was gathered, what was done.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from textwrap import wrap
from typing import Any

import numpy as np
from scipy.optimize import brentq

from benchmarks.incidents.scenario import scenarios
from models.history import History
from models.spec import FitSettings
from monitoring.assess import Serving, open_book
from monitoring.backtest import Course, run
from monitoring.daybook import DayBook
from monitoring.decide import Decision, decide
from monitoring.evidence import Evidence
from monitoring.policy import Policy
from monitoring.pool import Candidate, Pool
from monitoring.streams import Days, Stream
from monitoring.surprise import scores
from trimtab.settings import Settings
from trimtab.windows import Window

SCENARIO, SEED, WINDOWS = scenarios()["sudden_concept_drift"], 3, 45
DAY = timedelta(days=1)
LOSS, FEATURE, ALL, LIMIT, NEW = "#c05621", "#6b46c1", "#2b6cb0", "#9b2c2c", "#2f855a"
BAND = 2.0  # standard deviations


def main(path: str) -> None:
    seen: list[Evidence] = []
    drawn, settings = SCENARIO.draw(SEED), Settings()
    history = History(drawn.posts, drawn.outcomes)
    pool = Pool(SCENARIO.model, history, settings, FitSettings.of(settings))
    period = Window(SCENARIO.start, SCENARIO.start + WINDOWS * DAY)

    def watched(evidence: Evidence, given: Settings) -> Decision:
        seen.append(evidence)
        return decide(evidence, given)

    policy = Policy("budgeted", watched, frozenset({"evidence", "look"}))
    course = run(SCENARIO.model, history, period, DAY, policy, settings, pool)
    books = [_book(version, pool, period, settings) for version in course.served.values()]
    _draw(course, seen, books, path)


def _book(version: Candidate, pool: Pool, period: Window, settings: Settings) -> DayBook:
    serving = Serving(version, version.trained_at, version.fresh_since, version.files)
    last = Window(period.end - DAY, period.end)
    return open_book(pool.model, pool.history, serving, last, settings)


def _draw(course: Course, seen: Sequence[Evidence], books: Sequence[DayBook], path: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import DateFormatter, DayLocator
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8.2), layout="constrained")
    FigureCanvasAgg(figure)
    top, middle, bottom = axes = figure.subplots(3, 1, sharex=True, height_ratios=(4, 4, 1.5))
    ends = [window["end"] for window in course.windows]
    switch = next(window["end"] for window in course.windows if window["promoted"])
    _losses(top, books, ends, switch)
    _evidence(middle, seen, ends)
    _done(bottom, course, seen, ends)
    for part in axes:
        for moment in (SCENARIO.onset_at, SCENARIO.counted_from):
            part.axvline(moment, color="0.4", linewidth=1, linestyle=":")
        part.axvline(switch, color=NEW, linewidth=1)
        part.spines[["top", "right"]].set_visible(False)
    bottom.set_xlim(ends[0], ends[-1])
    bottom.xaxis.set_major_locator(DayLocator(interval=7))
    bottom.xaxis.set_major_formatter(DateFormatter("%d %b %Y"))
    sentence = next(window["sentence"] for window in course.windows if window["end"] == switch)
    bottom.set_xlabel("\n".join(wrap(sentence, 128)), fontsize=8, loc="left", labelpad=8)
    _save(figure, path)


def _save(figure: Any, path: str) -> None:
    """In few colours: a page of docs loads a third of the bytes."""
    from PIL import Image

    whole = BytesIO()
    figure.savefig(whole, dpi=100)
    Image.open(whole).convert("RGB").quantize(160).save(path, optimize=True)


def _losses(axes: Any, books: Sequence[DayBook], ends: Sequence[datetime], switch: datetime) -> None:
    """The daily loss of the first version, on after it was replaced, and of the version that replaced it."""
    first, second = (_loss(book, ends) for book in books)
    low, high = _band(books[0], ends)
    now = np.array([end <= switch for end in ends])
    days = np.array(ends)
    axes.fill_between(days[now], low[now], high[now], color="0.85", linewidth=0)
    axes.plot(days[now], first[now], color=LOSS, marker="o", markersize=3)
    axes.plot(days[days >= switch], first[days >= switch], color=LOSS, linewidth=1, linestyle="--")
    axes.plot(days[days >= switch], second[days >= switch], color=NEW, marker="o", markersize=3)
    axes.set_title("Loss of a day, by the day its labels came", loc="left", fontsize=10)
    axes.set_ylabel("mean absolute error\nof log1p(count)", fontsize=9)
    _say(axes, SCENARIO.onset_at, 0.93, "the world moves ", "0.3", "right")
    _say(axes, SCENARIO.counted_from, 0.85, "its first labels come ", "0.3", "right")
    _say(axes, switch, 0.93, " a new version serves", NEW, "left")
    axes.set_ylim(low[now].min() - 0.05, None)
    floor = low[now].min() - 0.04
    _note(axes, ends[1], floor, "grey: where 95 of 100 days lie while nothing moves", "0.35")
    _note(axes, ends[-1], floor, "dashed: the version that was replaced", LOSS, "right")


def _loss(book: DayBook, ends: Sequence[datetime]) -> np.ndarray:
    """Of the day that ends at each of `ends`."""
    values = next(stream.values for stream in book.streams if stream.group == "loss")
    return values[[book.day_at(end) - 1 for end in ends]]


def _band(book: DayBook, ends: Sequence[datetime]) -> tuple[np.ndarray, np.ndarray]:
    """The losses at which each day's score would be -BAND and BAND."""
    streams, days = book.until(ends[-1])
    place = next(k for k, stream in enumerate(streams) if stream.group == "loss")
    found = [[_at(streams, days, place, book.day_at(end) - 1, z) for z in (-BAND, BAND)] for end in ends]
    low, high = np.array(found).T
    return low, high


def _at(streams: tuple[Stream, ...], days: Days, place: int, day: int, wanted: float) -> float:
    stream = streams[place]

    def above(value: float) -> float:
        values = stream.values.copy()
        values[day] = value
        changed = [*streams[:place], replace(stream, values=values), *streams[place + 1 :]]
        return float(scores(changed, days)[place, day]) - wanted

    middle = float(np.nanmean(stream.values))
    ends = middle / 3, middle * 3
    return float(brentq(above, *ends, xtol=1e-4)) if np.isfinite(above(ends[0])) else float("nan")


def _evidence(axes: Any, seen: Sequence[Evidence], ends: Sequence[datetime]) -> None:
    important = SCENARIO.world.important
    whole = [e.alarm.spent if e.alarm else np.nan for e in seen]
    lines = [
        ("all streams together: loss, its slices, calibration, features", ALL, 2.0, whole),
        ("the loss", LOSS, 1.3, [_spent(e, "loss", "loss") for e in seen]),
        (f"one feature ({important})", FEATURE, 1.3, [_spent(e, "feature", important) for e in seen]),
    ]
    for label, colour, width, spent in lines:
        axes.plot(ends, spent, color=colour, linewidth=width, label=label)
    axes.axhline(1, color=LIMIT, linewidth=1, linestyle="--")
    _note(axes, ends[1], 1.25, "limit: an alarm", LIMIT)
    axes.set_yscale("log")
    axes.set_ylim(5e-5, 1e3)
    axes.set_title("Evidence that something moved, as a share of the limit", loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _spent(evidence: Evidence, group: str, name: str) -> float:
    streams = evidence.alarm.streams if evidence.alarm else ()
    return next((f.spent for f in streams if (f.group, f.name, f.slice) == (group, name, "all")), np.nan)


def _done(axes: Any, course: Course, seen: Sequence[Evidence], ends: Sequence[datetime]) -> None:
    alarms = [end for end, e in zip(ends, seen, strict=True) if e.alarm and e.alarm.raised]
    looks = [end for end, e in zip(ends, seen, strict=True) if e.look]
    retrains = [window["end"] for window in course.windows if window["decision"] == "retrain"]
    for row, (where, colour) in enumerate([(alarms, LIMIT), (looks, ALL), (retrains, NEW)]):
        axes.plot(where, [-row] * len(where), "s", color=colour, markersize=5)
    gap = DAY / 2
    _note(
        axes, alarms[0] - gap, 0, "the alarm stands, and waits until four days of new labels are there", LIMIT, "right"
    )
    _note(axes, looks[0] + gap, -1, "what each candidate would gain is measured", ALL)
    _note(axes, retrains[0] + gap, -2, "what pays is trained, judged, promoted", NEW)
    axes.set_yticks([0, -1, -2], ["alarm", "look", "retrain"], fontsize=9)
    axes.set_ylim(-2.6, 0.6)
    axes.set_title("What was done, window by window", loc="left", fontsize=10)


def _say(axes: Any, moment: datetime | None, height: float, words: str, colour: str, side: str) -> None:
    """At a share of the panel's height."""
    place = axes.get_xaxis_transform()
    axes.annotate(words, (moment, height), xycoords=place, fontsize=8, color=colour, ha=side, backgroundcolor="white")


def _note(axes: Any, moment: datetime, height: float, words: str, colour: str, side: str = "left") -> None:
    axes.annotate(words, (moment, height), fontsize=8, color=colour, ha=side, va="center" if height <= 0 else "bottom")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/decisions.png")
