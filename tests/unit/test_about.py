"""What a bundle says of itself."""

import json
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from models.about import about_of, digests
from models.baseline import summary
from models.environment import code
from models.evaluate import scorecard
from models.record import origin_of, request_of, settings_of
from models.request import Base, Request
from models.spec import FitSettings
from models.train import make, predict_with
from tests.tiny_history import END, MODEL, TRAINED, history
from trimtab.settings import Settings, Training
from trimtab.windows import Window

SETTINGS = Settings(training=Training(min_rows=50, seed=3), seed=5)
NOW = SETTINGS.model_copy(update={"training": Training(), "seed": 0})


def about(request, past=None):
    made = make(MODEL, past or history(a_day=20), request, SETTINGS.training, FitSettings.of(SETTINGS))
    predictions = predict_with(MODEL, made.fitted, made.fresh)
    card = scorecard(MODEL, "challenger", made.fresh, predictions)
    files = about_of(MODEL, made, predictions, card, None, SETTINGS, FitSettings.of(SETTINGS))
    return made, {name: json.loads(content) for name, content in files.items()}


def test_a_request_is_read_back_as_it_was_written_down():
    base, _ = about(Request(TRAINED))
    asked = Request(END, END - timedelta(days=18), END - timedelta(days=7), Base("1", TRAINED, base.fitted.files))
    _, files = about(asked)
    assert request_of(files["training.json"], base.fitted.files) == asked
    assert settings_of(files["training.json"], NOW) == SETTINGS
    assert origin_of(files["training.json"]) is None


def test_where_the_rows_came_from_is_read_back_with_what_was_blocked():
    from models.history import Origin

    period, blocked = Window(END - timedelta(days=9), END), Window(END - timedelta(days=3), END - timedelta(days=2))
    origin = Origin(period, END, {"posts": 3, "labels": -1}, END, {"posts": 2})
    past = history(a_day=20)
    past = type(past)(past.posts, past.outcomes, origin).without([blocked])
    _, files = about(Request(END), past)
    assert origin_of(files["training.json"]) == Origin(period, END, dict(origin.lake), END, {"posts": 2}, (blocked,))


def test_the_baseline_tells_of_the_reference_alone_and_stays_small():
    made, files = about(Request(TRAINED))
    told, scored = files["baseline.json"], made.history.posts["event_timestamp"]
    assert told["reference"]["posts"] == ((scored >= TRAINED - timedelta(days=56)) & (scored < TRAINED)).sum()
    assert set(told["features"]) == set(MODEL.features)
    assert told["thresholds"]["reference_days"] == 56
    assert told["loss"]["mae"] == files["scorecard.json"]["overall"]["mae"]
    assert len(json.dumps(told)) < 5_000


def test_numbers_have_quantiles_names_have_shares_and_texts_have_lengths():
    draw = np.random.default_rng(0)
    numbers = summary(pd.Series(np.append(draw.normal(size=99), np.nan)))
    assert numbers["nulls"] == 0.01
    assert numbers["quantiles"]["0.01"] < numbers["quantiles"]["0.5"] < numbers["quantiles"]["0.99"]
    assert summary(pd.Series(["a", "b", "a", None]))["shares"] == {"a": 0.666667, "b": 0.333333}
    assert len(summary(pd.Series([f"t{n}" for n in range(90)]))["shares"]) == 20
    assert summary(pd.Series(["one", "three"], name="text"))["chars"]["0.5"] == 4
    assert summary(pd.Series([True, False, True]))["shares"] == {"True": 0.666667, "False": 0.333333}
    assert summary(pd.Series([np.nan, np.nan])) == {"nulls": 1.0}
    assert summary(pd.Series([], dtype=float)) == {"nulls": None}


@given(st.lists(st.text() | st.none(), min_size=1), st.data())
def test_a_digest_tells_any_value_that_changed_and_where_rows_lie(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    other = [*values]
    other[place] = f"{other[place]}!"
    one, two = (digests(pd.DataFrame({"text": pd.Series(side, dtype=object)})) for side in (values, other))
    assert one["columns"] != two["columns"]
    assert digests(pd.DataFrame({"text": pd.Series(values, dtype=object)})) == one


def test_the_code_of_a_training_holds_what_computes_and_not_what_keeps():
    found = code(MODEL)
    assert {"tests.tiny_model", "tests.tiny_scoring", "models.train", "trimtab.features.rolling"} <= set(found)
    assert "feature_repo.definitions" in found
    assert not {name for name in found if name.startswith(("models.registry", "trimtab.cli", "monitoring"))}
