import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.features import characters
from trimtab.features.content import COLUMNS, NUMBERS, PATTERNS, content_features
from trimtab.features.lexicon import lexicon

ANY = st.text(st.characters(codec=None)) | st.text()


def posts(*texts, **columns):
    rows = {
        "text": list(texts),
        "platform": "reddit",
        "topic": "python",
        "has_image": None,
        "has_video": None,
        "has_link": True,
        "body_chars": None,
        "published_at": pd.Timestamp("2012-04-01T17:30:00Z"),
    }
    return pd.DataFrame(rows | columns).astype({"body_chars": "float64"})


def of(text):
    return content_features(posts(text)).iloc[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.none() | ANY, max_size=5))
def test_no_unicode_makes_it_raise_and_every_post_gets_a_row(texts):
    found = content_features(posts(*texts))
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == len(texts)
    assert found["capitals_share"].between(0, 1).all()
    assert np.isfinite(found["lexicon_compound"]).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.sampled_from("a0_é٣.#@＠ 🙂"), max_size=12), min_size=1, max_size=3))
def test_what_is_counted_the_short_way_is_what_the_pattern_counts(texts):
    found, written = content_features(posts(*texts)), pa.array(texts, pa.large_string())
    for name, pattern in PATTERNS.items():
        assert found[name].tolist() == pc.count_substring_regex(written, pattern).to_pylist()


def test_every_character_is_of_the_classes_that_the_patterns_say():
    every = [chr(point) for point in range(0x20, 0x110000) if not 0xD800 <= point < 0xE000]
    texts = ["".join(every[at : at + 5_000]) for at in range(0, len(every), 5_000)]
    found, written = content_features(posts(*texts)), pa.array(texts, pa.large_string())
    for name in ("emoji", "questions", "exclamations", "digits", "brackets", "words"):
        assert found[name].tolist() == pc.count_substring_regex(written, PATTERNS[name]).to_pylist()


def test_posts_are_counted_alike_however_many_are_read_at_a_time(monkeypatch):
    texts = ["#a @b 1🙂", "", "@c@d ABC", "", "x@y.z ٣"]
    together = content_features(posts(*texts))
    monkeypatch.setattr(characters, "MOST", 3)
    pd.testing.assert_frame_equal(content_features(posts(*texts)), together)


def test_marks_in_a_post_are_counted():
    found = of("Why, @ana? Look: https://a.example/x and www.b.example #So #cool!! 🙂🚀 [video] 12")
    assert found[["links", "hashtags", "mentions", "emoji"]].tolist() == [2, 2, 1, 2]
    assert found[["questions", "exclamations", "digits", "brackets"]].tolist() == [1, 2, 2, 1]
    assert found["chars"] == len("Why, @ana? Look: https://a.example/x and www.b.example #So #cool!! 🙂🚀 [video] 12")


def test_an_address_is_no_mention_and_other_scripts_count_too():
    assert of("write to ana@b.example")["mentions"] == 0
    assert of("ПРИВЕТ")["capitals_share"] == 1
    assert of("لماذا؟")["questions"] == 1


def test_the_tone_of_words_is_read_and_a_negation_turns_it():
    assert of("I love this, great!")["lexicon_compound"] > 0.5
    assert of("terrible, I hate it")["lexicon_compound"] < -0.5
    assert of("this is not good")["lexicon_compound"] < 0 < of("this is good")["lexicon_compound"]
    assert of(":)")["lexicon_positive"] == pytest.approx(lexicon()[":)"])


def test_a_negation_does_not_reach_into_the_next_post():
    alone, after = content_features(posts("good")), content_features(posts("not", "good"))
    assert after["lexicon_positive"].iloc[1] == alone["lexicon_positive"].iloc[0] > 0


def test_the_clock_is_that_of_utc_and_the_week_starts_on_monday():
    found = of("x")
    assert found[["hour", "weekday", "hour_of_week"]].tolist() == [17, 6, 6 * 24 + 17]


def test_what_is_unknown_is_nan_and_what_is_known_is_kept():
    found = of("x")
    assert np.isnan(found["has_image"]) and np.isnan(found["body_chars"])
    assert found["has_link"] == 1
    assert content_features(posts("x", body_chars=12))["body_chars"].iloc[0] == 12


def test_rows_keep_their_index_and_do_not_depend_on_each_other():
    rows = posts("one good thing", "TWO?", "three 🙂").set_axis([7, 3, 5])
    found = content_features(rows)
    assert found.index.tolist() == [7, 3, 5]
    pd.testing.assert_frame_equal(found.loc[[3]], content_features(rows.loc[[3]]))
    assert found[list(NUMBERS)].dtypes.eq("float32").all()


def test_a_post_of_five_megabytes_is_read_in_a_moment():
    began = time.perf_counter()
    assert of("good 🙂 " * 700_000)["words"] == 1_400_000
    assert time.perf_counter() - began < 20
