import numpy as np
import pytest
from pandas import DataFrame

from models.engagement import MODEL, losses, metrics, slices
from models.scoring_engagement import DERIVED, NUMBERS, level, matrix
from tests.engagement_posts import make_rows


def momentum(**columns: float) -> DataFrame:
    return DataFrame({name: [value] for name, value in columns.items()})


def test_the_level_is_the_month_of_the_topic_leaning_to_the_base():
    assert level(momentum(topic_mean_28d=3.0, topic_posts_28d=8.0), 1.0) == pytest.approx((8 * 3 + 2 * 1) / 10)


def test_a_topic_silent_for_a_month_falls_back_on_its_quarter():
    row = momentum(topic_mean_28d=np.nan, topic_posts_28d=0.0, topic_mean_90d=3.0, topic_posts_90d=2.0)
    assert level(row, 1.0) == pytest.approx(2.0)


def test_a_topic_without_history_starts_at_the_base():
    assert level(momentum(topic_mean_28d=np.nan, topic_posts_28d=np.nan), 1.5) == pytest.approx(1.5)
    assert level(DataFrame({"text": ["Look!"]}), 1.5) == pytest.approx(1.5)


def test_a_missing_column_is_read_as_unknown():
    unknown = dict.fromkeys(DERIVED, np.array([np.nan]))
    assert np.isnan(matrix(DataFrame({"text": ["a"]}), unknown)).all()


def test_metrics_measure_error_bias_and_interval():
    rows = DataFrame({"target": [1.0, 2.0, 4.0]})
    predictions = DataFrame({"value": [1.5, 2.0, 3.0], "low": [1.0, 1.9, 2.0], "high": [2.0, 2.1, 3.5]})
    found = metrics(rows, predictions)
    assert found["mae"] == pytest.approx(0.5)
    assert found["bias"] == pytest.approx(-0.5 / 3)
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["width"] == pytest.approx((1.0 + 0.2 + 1.5) / 3)
    assert next(iter(found)) == MODEL.headline
    np.testing.assert_allclose(losses(rows, predictions), [0.5, 0.0, 1.0])


def test_every_row_is_in_one_slice_of_each_kind():
    rows = make_rows(200).assign(author_posts_28d=[None, 0.0, 1.0, 30.0] * 50, topic=None)
    found = slices(rows)
    assert found.notna().all().all()
    assert found.index.equals(rows.index)
    assert sorted(found["author"].unique()) == ["1 to 2 posts", "new", "over 10 posts", "unknown"]


def test_the_outcome_of_the_post_itself_is_no_feature():
    assert not {"likes", "shares", "comments", "views", "target", "label_known_at"} & set(NUMBERS)
