from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.card import GAP, LIMIT_CHARS, description, on_top, promoted_note, refused_note, table, training_card
from models.evaluate import compare
from models.scores import Comparison
from models.spec import FitSettings
from tests.tiny_model import MODEL, fit, frame
from tests.tiny_story import story_of

AT = datetime(2012, 4, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def comparison():
    """Version 7 is better than 6 on short posts and worse on long ones."""
    rows = frame(2000)
    off = rows["text_chars"].gt(100) * 0.2
    before = rows[["target"]].rename(columns={"target": "value"}).assign(low=0.0, high=9.0)
    six, seven = before.assign(value=before["value"] + 0.15), before.assign(value=before["value"] + off)
    return compare(MODEL, "6", "7", rows, six, seven)


@pytest.fixture
def card(tmp_path):
    learned, fresh = frame(seed=1), frame(200, days=10, seed=2)
    fitted = fit(learned, FitSettings())
    return training_card(MODEL, fitted, story_of(fitted, learned, fresh, tmp_path, reason="Drift in text_chars."))


def test_a_promotion_names_the_slices_on_which_the_new_version_is_worse(comparison):
    note = promoted_note("tiny", AT, "ana", "reason", "6", comparison)
    assert note.startswith("Champion since 2012-04-21 00:00 UTC\n---\n")
    assert "worse on 1 (length long)" in note
    assert "| length long |" in note
    assert "Promoted by ana." in note


def test_a_refusal_for_lack_of_rows_says_so_without_a_table():
    assert refused_note(AT, "retrain", "12 rows found, 30 wanted.", None) == (
        "Not promoted on 2012-04-21 00:00 UTC\n---\n\n12 rows found, 30 wanted.\n\nJudged by retrain."
    )


def test_a_note_goes_on_top_once(card):
    once = on_top("News", card)
    assert once.startswith("News\n")
    assert on_top("News", once) == once
    assert on_top("Newer", once).startswith("Newer\n")


def test_pictures_are_shown_from_the_files_of_the_run(card):
    assert "](calibration.png)" in card
    assert "](get-artifact?path=calibration.png&run_uuid=abc)" in description(card, "abc")


def test_columns_are_kept_apart_where_the_page_would_run_them_together(card):
    shown = description("| metric | value |\n| --- | --- |\n| mae | 0.1 |\n\n### Next\n\na | b", "abc").splitlines()
    assert shown[0] == f"| metric{GAP} | value{GAP} |"
    assert shown[1:3] == ["| --- | --- |", f"| mae{GAP} | 0.1{GAP} |"]
    assert shown[3:] == ["", GAP, "", "### Next", "", "a | b"]


def test_a_long_card_is_cut_between_paragraphs_within_the_limit(card):
    long = card
    for number in range(200):
        long = on_top(f"Note {number}: something happened to this version.", long)
    shown = description(long, "abc")
    assert len(shown) <= LIMIT_CHARS
    assert shown.startswith("Note 199: something happened to this version.")
    assert shown.endswith("\n\n*The rest is in card.md among the files of the run.*")


def test_a_bar_in_a_name_does_not_break_the_table():
    assert table(["slice"], [["a|b"]]).splitlines()[-1] == "| a\\|b |"


def test_a_comparison_comes_back_from_its_evidence(comparison):
    assert Comparison.from_evidence(comparison.evidence()) == comparison
    assert Comparison.from_evidence(replace(comparison, slices=()).evidence()).slices == ()
