import io
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.differences import changed, difference
from models.explanations import explanations

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
))  # fmt: skip


def npz(**arrays):
    stored = io.BytesIO()
    np.savez_compressed(stored, **arrays)
    return stored.getvalue()


@settings(max_examples=50)
@given(JSON, JSON)
def test_two_json_values_have_no_path_that_differs_exactly_if_they_are_the_same_text(one, other):
    assert (changed(one, other) == []) == (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def test_keys_of_json_are_named_by_their_path():
    then, now = {"fit": {"seed": 0, "threads": 1}, "gone": 1}, {"fit": {"seed": 1, "threads": 1}, "new": 1}
    found = difference("training.json", json.dumps(then).encode(), json.dumps(now).encode())
    assert found.keys == ("fit.seed", "gone", "new")
    assert str(found).startswith("training.json differs in fit.seed, gone, new (")


def test_parameters_and_parts_of_a_booster_are_named():
    then = b"tree\nleaf_value=1 2\n\nparameters:\n[num_leaves: 31]\n[seed: 0]\n"
    now = b"tree\nleaf_value=1 3\n\nparameters:\n[num_leaves: 7]\n[seed: 0]\n"
    assert difference("booster.txt", then, now).keys == ("leaf_value", "num_leaves")


def test_arrays_of_an_npz_are_named():
    words, idf = np.arange(3), np.ones(2)
    assert difference("linear.npz", npz(words=words, idf=idf), npz(words=words, idf=2 * idf)).keys == ("idf",)


def test_a_damaged_or_missing_file_is_no_puzzle():
    assert difference("state.json", b"{", b"{}").keys == ()
    assert difference("words.npz", b"PK", npz(a=np.ones(1))).keys == ()
    assert str(difference("offset.json", b"1", None)) == "offset.json is there only then"
    assert str(difference("offset.json", None, b"1")) == "offset.json is there only now"
    assert difference("offset.json", b"1", b"1") is None


def test_many_keys_are_counted():
    then, now = ({f"k{i}": side for i in range(20)} for side in (0, 1))
    assert " and 12 more (" in str(difference("a.json", json.dumps(then).encode(), json.dumps(now).encode()))


def told(rows=5, seed=0, **columns):
    read = {"rows": rows, "columns": {"text": "aa", "target": "bb"} | columns}
    return {"learned": read, "fresh": {"rows": 2, "columns": {}}, "settings": {"seed": seed}, "fit": {}}


def environment(**libraries):
    about = {"libraries": {"numpy": "2.4.6"} | libraries, "machine": {"blas": "a"}, "code": {"models.train": "cc"}}
    return json.dumps(about).encode()


def test_nothing_that_changed_explains_nothing():
    assert explanations(told(), told(), environment(), environment()) == []


def test_rows_settings_and_libraries_that_changed_are_named():
    found = explanations(told(), told(rows=4, seed=1), environment(), environment(numpy="2.5.0"))
    assert found == [
        "It learned from 4 rows now and 5 then: data or the code that reads it changed.",
        "Settings are not what they were: settings.seed.",
        "Other versions of libraries: numpy 2.4.6 then, 2.5.0 now.",
    ]


def test_columns_with_other_values_are_named():
    found = explanations(told(), told(target="xx"), environment(), environment())
    assert found == ["It learned from the same number of rows with other values in target."]


def test_an_environment_that_was_lost_is_said():
    for lost in (None, b"", b"\xff{"):
        assert explanations(told(), told(), lost, environment()) == [
            "It is not known with which libraries and code it was made."
        ]
