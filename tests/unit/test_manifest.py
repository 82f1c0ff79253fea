import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import MANIFEST, check, faults, seal
from trimtab.errors import RegistryError

FILES = {"MLmodel": b"flavors", "tiny.py": b"class Scorer: ...", "artifacts/bundle/booster.txt": b"tree\nleaf=1\n" * 9}


@pytest.fixture
def folder(tmp_path):
    return written(tmp_path)


def written(folder):
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_as_it_was_sealed_has_no_fault(folder):
    assert faults(folder, seal(folder)) == []
    check(folder, seal(folder), "tiny 3")


@given(st.sampled_from(sorted(FILES)), st.integers(0), st.integers(1, 255))
def test_any_byte_that_changes_is_found_and_its_file_named(tmp_path_factory, name, place, flip):
    folder = written(tmp_path_factory.mktemp("model"))
    sealed = seal(folder)
    content = bytearray(FILES[name])
    content[place % len(content)] ^= flip
    (folder / name).write_bytes(content)
    assert [fault.file for fault in faults(folder, sealed)] == [name]


def test_a_changed_byte_is_said_in_one_sentence_with_what_to_do(folder):
    sealed = seal(folder)
    (folder / "artifacts/bundle/booster.txt").write_bytes(b"tree\nleaf=2\n")
    with pytest.raises(RegistryError, match="tiny 3 is not what was registered: artifacts/bundle/booster.txt has") as e:
        check(folder, sealed, "tiny 3")
    assert "restore the file from a backup, or retrain" in str(e.value)


def test_a_file_that_is_missing_or_was_put_there_is_found(folder):
    sealed = seal(folder)
    (folder / "tiny.py").unlink()
    (folder / "artifacts/bundle/offset.json").write_text("5.0")
    assert [str(fault) for fault in faults(folder, sealed)] == [
        "tiny.py is missing",
        "artifacts/bundle/offset.json was not there then",
    ]
    with pytest.raises(RegistryError, match=r"tiny.py is missing \(and 1 more\)"):
        check(folder, sealed, "tiny 3")


def test_a_manifest_that_was_written_anew_over_changed_files_is_found(folder):
    sealed = seal(folder)
    (folder / "tiny.py").write_bytes(b"class Scorer: pass")
    seal(folder)
    assert [str(fault) for fault in faults(folder, sealed)] == [f"{MANIFEST} is not the one that was registered"]


@pytest.mark.parametrize("text", ["", "[]", '{"files": [1]}', '{"files": {"tiny.py": {}}}', '{"files": {}}'])
def test_a_manifest_that_says_nothing_is_a_fault_where_no_seal_is_known(folder, text):
    (folder / MANIFEST).write_text(text)
    assert [str(fault) for fault in faults(folder, None)] == [f"{MANIFEST} cannot be read"]


def test_a_folder_of_before_there_were_manifests_is_believed_and_a_lost_manifest_is_not(folder):
    assert faults(folder, None) == []
    assert [str(fault) for fault in faults(folder, "abc")] == [f"{MANIFEST} is missing"]


def test_what_mlflow_and_python_leave_there_is_no_fault_and_bytecode_is_removed(folder):
    sealed = seal(folder)
    (folder / "registered_model_meta").write_text("version: 1")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "tiny.cpython-311.pyc").write_bytes(b"other code")
    check(folder, sealed, "tiny 3")
    assert not (folder / "__pycache__").exists()


def test_the_manifest_holds_size_and_digest_of_every_file(folder):
    seal(folder)
    kept = json.loads((folder / MANIFEST).read_text())["files"]
    assert {name: told["bytes"] for name, told in kept.items()} == {name: len(text) for name, text in FILES.items()}
