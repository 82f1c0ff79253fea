"""Logs of the parts."""

from infra import logs


def test_a_log_is_cut_while_its_writer_goes_on(tmp_path):
    path = tmp_path / "mlflow.log"
    with logs.open_log(path) as log:
        log.write(b"early\n" * 1000)
        log.flush()
        logs.rotate(path, most=100)
        log.write(b"late\n")
    assert path.read_bytes() == b"late\n"
    assert (tmp_path / "mlflow.log.1").read_bytes().startswith(b"early\n")


def test_a_small_log_is_left_as_it_is(tmp_path):
    path = tmp_path / "mlflow.log"
    path.write_bytes(b"early\n")
    logs.rotate(path, most=100)
    assert path.read_bytes() == b"early\n" and not (tmp_path / "mlflow.log.1").exists()


def test_the_tail_of_a_log_leaves_empty_lines_out(tmp_path):
    path = tmp_path / "a.log"
    path.write_text("one\n\ntwo\n   \nthree\n")
    assert logs.tail(path, 2) == ["two", "three"]
    assert logs.tail(tmp_path / "none.log", 2) == []


def test_words_count_only_from_where_they_are_looked_for(tmp_path):
    path = tmp_path / "runner.log"
    path.write_text("it has begun\n")
    since = logs.size(path)
    assert logs.says(path, "begun", 0) and not logs.says(path, "begun", since)


def test_words_that_come_after_a_log_was_cut_count(tmp_path):
    path = tmp_path / "runner.log"
    with logs.open_log(path) as log:
        log.write(b"begun\n" * 100)
        log.flush()
        since = logs.size(path)
        logs.rotate(path, most=100)
        log.write(b"it is ")
        log.flush()
        assert not logs.says(path, "begun", since)
        log.write(b"begun\n")
        log.flush()
        assert logs.says(path, "begun", since)
