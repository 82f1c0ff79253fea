"""A progress bar over a callable, shared by the long commands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int, str], None]  # (done, of, what is being done)


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """Yields report(done, of, text). Silent where the output is not a terminal."""
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Bar(*columns, TextColumn("{task.description}"), transient=True) as shown:
        task = shown.add_task("", total=None)

        def report(done: int, of: int, text: str) -> None:
            shown.update(task, completed=done, total=of, description=text)

        yield report
