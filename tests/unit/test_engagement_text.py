import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from models import text_engagement
from models.scoring_engagement import IN_TOPIC, SLOT_BITS, TEXT_CHARS, Vocabulary, plain, slots, split, strings, tokens
from models.text_engagement import LEAST_TOPIC, fit_text, ridge
from tests.engagement_posts import make_rows


def words_of(*texts: str | None) -> list[list[str]]:
    rows, found = tokens(strings(pd.Series(list(texts), dtype=object)))
    return [
        [word for row, word in zip(rows, found.to_pylist(), strict=True) if row == place and word]
        for place in range(len(texts))
    ]


def test_words_are_lower_case_and_one_number_of_a_length_is_like_another():
    assert words_of("Part 7, The END") == [["part", "0", "the", "end"]]
    assert words_of("Day 80", "day 93") == [["day", "00"]] * 2


def test_a_question_keeps_its_mark():
    assert words_of("Really?") == [["really?"]]


def test_a_missing_text_has_no_words():
    assert words_of(None, "", "...", "one") == [[], [], [], ["one"]]


def test_letters_outside_ascii_stay_whole():
    assert words_of("Ärger über שלום 👍") == [["ärger", "über", "שלום", "👍"]]


def test_only_the_start_of_a_long_text_is_read():
    assert len(words_of("a " * 1_000_000)[0]) == TEXT_CHARS // 2


def test_half_a_surrogate_pair_is_read_as_a_question_mark():
    assert words_of("broken \ud83d emoji") == [["broken", "?", "emoji"]]


@given(st.lists(st.none() | st.text(), max_size=8))
def test_any_text_gives_words_in_the_order_of_its_rows(texts):
    rows, found = tokens(strings(pd.Series(texts, dtype=object)))
    assert len(rows) == len(found)
    assert (np.diff(rows) >= 0).all()
    assert not len(rows) or (rows.min() >= 0 and rows.max() < len(texts))


@given(
    st.lists(
        st.none() | st.text() | st.text("aZ 7?#İΣß\ud83d\u00a0", min_size=TEXT_CHARS - 9, max_size=600), max_size=8
    )
)
def test_texts_are_read_one_by_one_as_they_are_by_column(texts):
    found = [[word.decode() for word in row] for row in split(plain(np.array([*texts, None], object)))]
    assert found == words_of(*texts, None)


@given(st.integers(0, 9), st.lists(st.integers(-1, 2**40), min_size=1, max_size=20))
def test_slots_are_within_the_table(family, first):
    found = slots(family, np.array(first), np.array(first)[::-1])
    assert (found >= 0).all() and (found < 1 << SLOT_BITS).all()


def test_slots_tell_families_and_order_apart():
    first, second = np.arange(1000), np.arange(1000)[::-1].copy()
    pairs = [slots(0, first), slots(IN_TOPIC, first), slots(0, first, second), slots(0, second, first)]
    for place, one in enumerate(pairs):
        for other in pairs[place + 1 :]:
            assert (one == other).mean() < 0.01


def test_ridge_reaches_the_closed_form():
    rng = np.random.default_rng(0)
    dense = (rng.random((60, 8)) < 0.4).astype(np.float32)
    target = rng.normal(3, 1, 60)
    used = np.ones((60, 1), np.float32)
    found = ridge(sparse.csr_matrix(dense), target, used)[:, 0]
    wanted = np.linalg.solve(dense.T @ dense + text_engagement.PENALTY * np.eye(8), dense.T @ (target - target.mean()))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_ridge_ignores_rows_that_are_not_used():
    rng = np.random.default_rng(0)
    design = sparse.csr_matrix((rng.random((40, 6)) < 0.5).astype(np.float32))
    target = rng.normal(0, 1, 40)
    used = np.ones((40, 1), np.float32)
    used[30:] = 0
    spoiled = target.copy()
    spoiled[30:] = 1000
    np.testing.assert_allclose(ridge(design, target, used), ridge(design, spoiled, used))


def test_scores_of_training_rows_do_not_remember_their_own_outcome():
    rows = make_rows(800)
    noise = np.random.default_rng(1).normal(0, 1, len(rows))
    scored = fit_text(rows, noise).derived["text_score"]
    assert abs(np.corrcoef(scored, noise)[0, 1]) < 0.1


def test_a_word_that_matters_is_learned():
    rows = make_rows(800)
    scored = fit_text(rows, rows["text"].str.endswith("why").to_numpy(float)).derived["words_score"]
    why = rows["text"].str.endswith("why").to_numpy()
    assert scored[why].min() > scored[~why].max()


def test_the_first_posts_of_a_topic_are_learned_from_as_if_it_were_unknown():
    rows = make_rows(400).assign(topic="only")
    found = fit_text(rows, np.zeros(len(rows))).derived
    assert np.isnan(found["topic_code"][:LEAST_TOPIC]).all()
    assert (found["topic_code"][LEAST_TOPIC:] == 0).all()
    assert (np.isnan(found["topic_score"]) == np.isnan(found["topic_code"])).all()


def test_a_topic_of_few_posts_is_unknown_to_the_bundle():
    rows = make_rows(200)
    rows.loc[:3, "topic"] = "rare"
    assert "p/rare" not in fit_text(rows, np.zeros(len(rows))).vocabulary.topics.to_pylist()


def test_the_lists_do_not_depend_on_the_order_of_equal_counts():
    rows = make_rows(300)
    lists = [fit_text(part, np.zeros(300)).vocabulary for part in (rows, rows.iloc[::-1])]
    assert all(getattr(lists[0], name).equals(getattr(lists[1], name)) for name in ("words", "topics", "domains"))


def test_an_empty_vocabulary_still_encodes():
    nothing = pa.array([], pa.string())
    encoded = Vocabulary(nothing, nothing, nothing).encode(make_rows(3))
    assert (encoded.topic_codes == -1).all()
    assert np.isfinite(encoded.scale).all()
