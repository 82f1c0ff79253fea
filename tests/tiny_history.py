"""Histories for tests of the assessment: posts with outcomes two days later, and versions that know what they say."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.history import History
from models.spec import FitSettings
from monitoring.assess import Serving
from tests.tiny_model import MODEL, fit, frame
from tests.tiny_scoring import Scorer
from trimtab.windows import Window

HORIZON = timedelta(hours=48)
DAYS = 84
START = pd.Timestamp("2012-04-01", tz="UTC")
END = (START + timedelta(days=DAYS)).to_pydatetime()
TRAINED = END - timedelta(days=21)
WEEK = Window(END - timedelta(days=7), END)


class Said:
    """A version that says the truth of the row plus an error of its own: what it would take a fit to be so good."""

    def __init__(self, version: str = "2", error: float = 0.0) -> None:
        self.version, self.error = version, error

    def predict(self, rows: DataFrame) -> DataFrame:
        value = rows["truth"] + self.error
        return DataFrame({"value": value, "low": value - 1, "high": value + 1}, index=rows.index)


class Learned:
    """A version of the tiny model, fitted on the rows that were mature at TRAINED, with its bundle."""

    version = "2"

    def __init__(self, past: History) -> None:
        self.files = fit(past.labelled(TRAINED), FitSettings()).files

    def predict(self, rows: DataFrame) -> DataFrame:
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            for name, content in self.files.items():
                (Path(folder) / name).write_bytes(content)
            return Scorer.load(folder).predict(rows)


def history(change: Callable[[DataFrame], DataFrame] = lambda rows: rows, a_day: int = 50) -> History:
    """84 days; `change` gets and gives all rows, target included, before posts and outcomes part."""
    rows = change(frame(rows=a_day * DAYS, days=DAYS))
    noise = np.random.default_rng(1).normal(0, 0.1, len(rows))
    posts = rows.drop(columns="target").assign(
        truth=rows["target"] + noise, published_at=rows["event_timestamp"], text="a post"
    )
    known = rows["event_timestamp"] + HORIZON
    outcomes = DataFrame({"post_id": rows["post_id"], "target": rows["target"], "label_known_at": known})
    return History(posts, outcomes)


def since(rows: DataFrame, moment: datetime) -> pd.Series:
    return rows["event_timestamp"] >= pd.Timestamp(moment)


def serving(champion: object = None, **more: object) -> Serving:
    return Serving(**{"champion": champion or Said(), "trained_at": TRAINED} | more)  # type: ignore[arg-type]


__all__ = ["MODEL", "Learned", "Said", "history", "serving", "since"]
