import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration_sentiment import calibration, thresholds
from models.lexicon_sentiment import KINDS, bundled
from models.scoring_sentiment import (
    KINDS as SCORED_KINDS,
)
from models.scoring_sentiment import (
    NUMBERS,
    Lexicon,
    char_counts,
    numbers,
    probabilities,
    tokens,
    weighted,
    word_counts,
)
from models.text_sentiment import blocks, linear, vocabulary

LEXICON = Lexicon(bundled())


def words(text):
    return [word for word, _, _ in tokens(text, LEXICON)]


def tone(text, name="tone_sum"):
    return numbers([tokens(text, LEXICON)], LEXICON)[0, NUMBERS.index(name)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So goooood!!!", ["so", "good", "<!+>"]),
        ("@ann see www.x.org", ["<mention>", "see", "<link>"]),
        ("#GoHome now :)", ["#gohome", "go", "home", "now", "<glad>"]),
        ("it's 83 at 10:30 :(", ["it's", "<number>", "at", "<number>", "<sad>"]),
        ("wait... what?", ["wait", "<.+>", "what", "<?>"]),
        ("Name (x): <3", ["name", "x", "<glad>"]),
        ("\\ud83d\\ude00 caf\\u00e9", ["😀", "café"]),
        (None, []),
        (float("nan"), []),
    ],
)
def test_a_text_reads_as_these_tokens(text, expected):
    assert words(text) == expected


def test_a_negation_reaches_to_the_next_stop():
    marked = [(word, negated) for word, _, negated in tokens("not a good day, good night", LEXICON)]
    assert marked == [("not", False), ("a", True), ("good", True), ("day", True), ("good", False), ("night", False)]


def test_the_kinds_of_words_in_the_bundle_are_those_that_the_scorer_counts():
    assert list(KINDS) == list(SCORED_KINDS)


def test_tone_is_turned_by_negation_and_raised_by_boosters_and_capitals():
    assert tone("not good") < 0 < tone("good") < tone("very good")
    assert tone("good") < tone("GOOD")
    assert tone("good but awful", "tone_after_but") < 0 < tone("good but awful", "tone_first")


@given(st.lists(st.text(), max_size=4))
def test_counts_of_posts_together_are_those_of_each_alone(texts):
    rows = [tokens(text, LEXICON) for text in texts]
    for count in (word_counts, char_counts):
        together = count(rows)
        assert together.shape[0] == len(texts)
        for at, row in enumerate(rows):
            assert (together[at] != count([row])).nnz == 0


def test_three_tokens_give_six_runs_of_words():
    assert word_counts([tokens("one two three", LEXICON)]).sum() == 6


def test_characters_run_within_a_token_only():
    apart = char_counts([tokens("ab cd", LEXICON)])
    assert apart.sum() == 2 * (3 + 2 + 1)  # " ab " has three pairs, two triples and one run of four


def test_weighted_rows_have_length_one_or_nothing():
    counts = word_counts([tokens(text, LEXICON) for text in ("a b c", "a b", "")])
    state = vocabulary("words", counts)
    found = weighted(counts, state["words_columns"], state["words_idf"])
    np.testing.assert_allclose(np.asarray(found.multiply(found).sum(axis=1)).ravel(), [1, 1, 0], rtol=1e-6)


@given(st.integers(1, 50), st.integers(1, 8))
def test_blocks_hold_every_row_once_and_in_order(rows, folds):
    assert np.concatenate(blocks(rows, folds)).tolist() == list(range(rows))


@pytest.mark.parametrize("present", [[1], [0, 2], [0, 1, 2]])
def test_a_linear_model_gives_a_row_a_label_whichever_occur(present):
    label = np.array(present * 4)
    x = word_counts([tokens(("sour", "plain", "sweet")[value], LEXICON) for value in label]).astype(np.float32)
    kept = np.unique(x.indices)
    weights, bias = linear(x[:, kept], label, np.ones(len(label)), 10.0)
    assert weights.shape == (3, len(kept))
    odds = x[:, kept] @ weights.T + bias
    if len(present) > 1:
        assert odds[:, present].argmax(axis=1).tolist() == [present.index(value) for value in label]


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1), st.integers(0, 99))
def test_calibration_finds_the_temperature_and_shift_that_made_the_labels(temperature, neutral, positive, seed):
    draw = np.random.default_rng(seed)
    raw = draw.normal(0, 1, (6000, 3))
    truth = probabilities(raw, temperature, [0, neutral, positive])
    label = (truth.cumsum(axis=1) > draw.random((6000, 1))).argmax(axis=1)
    found = calibration(raw, label, np.ones(6000))
    assert found[0] == pytest.approx(temperature, abs=0.2)
    assert found[1] == pytest.approx([0, neutral, positive], abs=0.2)


def test_thresholds_let_a_rare_label_be_named():
    draw = np.random.default_rng(0)
    label = draw.choice(3, 3000, p=[0.1, 0.5, 0.4])
    raw = np.log([0.1, 0.5, 0.4]) + 1.2 * np.eye(3)[label] + draw.normal(0, 0.7, (3000, 3))
    found = probabilities(raw, 1.0, [0, 0, 0])
    chosen = thresholds(found, label, np.ones(3000))
    assert chosen[0] < chosen[1]
    rare = label == 0
    assert (found / chosen).argmax(axis=1)[rare].tolist().count(0) > found.argmax(axis=1)[rare].tolist().count(0)
