import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny_sentiment import labels, posts, scorer


@pytest.mark.parametrize("text", ["you are awful and I hate this film", "disgusting, a terrible team :("])
def test_an_insult_is_not_positive(text):
    assert labels(text) == ["negative"]


@pytest.mark.parametrize("text", ["what a great game, I love it", "our train is awesome :)"])
def test_praise_is_not_negative(text):
    assert labels(text) == ["positive"]


def test_an_announcement_is_neutral():
    assert labels("tickets for the game on Friday") == ["neutral"]


def test_a_negation_makes_praise_less_positive():
    found = scorer().predict(posts("the weather is great", "the weather is not great"))["p_positive"]
    assert found[1] < found[0]


@pytest.mark.parametrize(
    "pair",
    [
        ("I love this film http://t.co/AbC", "I love this film HTTPS://T.CO/xyZ"),
        ("@Ann I love this film", "@bob_7 I love this film"),
        ("I don\u2019t hate my phone", "I don't hate my phone"),
        ("I don\\u2019t hate my phone", "I don't hate my phone"),
        ("love &amp; hate", "love & hate"),
        ("this is awesooome", "this is awesoooooooome"),
    ],
)
def test_writing_that_means_the_same_scores_the_same(pair):
    found = scorer().predict(posts(*pair)).drop(columns="label").to_numpy()
    np.testing.assert_allclose(found[0], found[1])


def test_a_word_that_no_training_post_holds_is_told_by_the_lexicon():
    found = scorer().predict(posts("this team is superb", "this team is horrible"))["p_positive"]
    assert found[0] > found[1]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.text() | st.text(st.characters(codec=None)), max_size=5))
def test_every_text_scores_and_probabilities_sum_to_one(texts):
    found = scorer().predict(posts(*texts))
    assert len(found) == len(texts)
    probabilities = found[["p_negative", "p_neutral", "p_positive"]].to_numpy(float)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert found["label"].isin(["negative", "neutral", "positive"]).all()


def test_content_that_is_missing_or_unknown_still_scores():
    frame = posts("I love this film", "I hate it").assign(
        chars=[np.nan, 3], has_image=pd.array([None, True], "boolean")
    )
    assert np.isfinite(scorer().predict(frame)[["p_negative", "p_neutral", "p_positive"]].to_numpy()).all()


def test_a_post_scores_the_same_alone_and_among_others():
    texts = ["I love this film", "news about the game today", "awful"]
    together = scorer().predict(posts(*texts))["p_negative"].to_numpy()
    alone = [scorer().predict(posts(text))["p_negative"].iloc[0] for text in texts]
    np.testing.assert_allclose(together, alone)


def test_a_text_built_to_make_a_pattern_backtrack_is_read_in_time():
    import time

    start = time.perf_counter()
    scorer().predict(posts(*(mark * 100_000 for mark in (")", "-_", "o_", "http://", "#aA", "a'", "&amp;"))))
    assert time.perf_counter() - start < 5
