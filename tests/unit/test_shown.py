from datetime import UTC, datetime
from math import inf, nan

from models.gates.gate import Gate, GatesReport
from models.intervals import Interval
from models.scores import Comparison, SliceDelta
from monitoring import shown
from monitoring.measures import Measure
from monitoring.pointers import Link
from trimtab.entry import Entry

AT = datetime(2024, 3, 4, tzinfo=UTC)
LINKS = (Link("version and card", "http://mlflow/#/models/tiny/versions/2"),)
BETTER = Interval(-0.3, -0.4, -0.2)


def measure(name, spent=nan, alarm=False, value=1.0, part="all"):
    return Measure("drift", name, part, value, 0.5, alarm, 1200, spent=spent)


def refused():
    found = Comparison(
        "tiny",
        "1",
        "2",
        "mae",
        400,
        AT,
        AT,
        1.0,
        0.7,
        BETTER,
        (SliceDelta("platform", "a|b", 90, 1, 2, BETTER),),
        0.95,
        0,
    )
    gates = GatesReport((Gate("size", False, "300 MB", "200 MB", "It is too large."),))
    told = {"gates": gates.evidence(), "comparison": found.evidence()}
    return Entry(9, AT, "promotion_refused", "tiny", "2", "1", "retrain flow", "Refused by the gate size.", told)


def test_what_raised_the_alarm_comes_first_then_what_gathered_most_evidence():
    found = shown.rows(
        [
            measure("calm", 0.01),
            measure("silent"),
            measure("loud", 40.0),
            measure("broken", nan, True),
            measure("x", value=nan),
        ]
    )
    assert [row["measure"] for row in found] == ["drift broken", "drift loud", "drift calm", "drift silent"]
    assert [row["evidence"] for row in found] == ["", "over 1,000 %", "1.0 %", ""]


def test_no_cell_is_a_number_that_json_does_not_have():
    (row,) = shown.rows([measure("far", inf, True, 2.0)])
    assert all(isinstance(cell, str) and cell not in ("nan", "inf") for cell in row.values())


def test_a_decision_shows_no_more_measures_than_a_person_reads_and_no_empty_part():
    entry = Entry(
        1, AT, "decision", "tiny", "2", None, "monitor flow", "Nothing moved: nothing is done.", {"action": "none"}
    )
    text = shown.decision(entry, [measure(f"column {n}", n / 100) for n in range(40)], "", LINKS)
    assert text.startswith("## tiny version 2: nothing is done\n\nNothing moved")
    assert text.count("| drift column") == shown.SHOWN
    assert "## Why" not in text and "## What would change it" not in text


def test_a_challenger_is_shown_slice_by_slice_with_every_gate_and_the_way_to_its_page():
    text = shown.challenger(refused(), LINKS)
    assert text.startswith("## tiny 2 was not promoted\n\nRefused by the gate size.")
    assert "| all | 400 | 1.000 | 0.700 |" in text and "| platform a\\|b | 90 |" in text
    assert "| size | 300 MB | 200 MB | refused |" in text
    assert text.endswith("- [version and card](http://mlflow/#/models/tiny/versions/2)")


def test_a_first_version_is_shown_without_a_comparison():
    entry = Entry(9, AT, "promoted", "tiny", "1", None, "train flow", "No version of tiny served before.", {})
    assert "Against the champion" not in shown.challenger(entry, ())
