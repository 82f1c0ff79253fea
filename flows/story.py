"""How the demo is told: one line a stage with rows and seconds under a progress bar, and tables at the end."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from models.stores import Stores

COLOURS = {"none": "green", "quarantine": "yellow", "recalibrate": "yellow", "retrain": "cyan", "rollback": "magenta"}

# Of the ledger, what changed something; `trimtab history` shows the rest.
TOLD = {
    "promoted": "promoted",
    "promotion_refused": "refused",
    "rolled_back": "rolled back",
    "moved_by_hand": "moved by hand",
}


class Stage:
    """One line of the story: what was done, to how many rows, in how many seconds."""

    def __init__(self, name: str) -> None:
        self.name, self.rows, self.text, self.colour = name, 0, "", ""

    def done(self, rows: int, text: str, colour: str = "") -> None:
        self.rows, self.text, self.colour = rows, text, colour

    def decided(self, action: str, rows: int, sentence: str) -> None:
        self.done(rows, f"[bold]{action}[/bold]: {sentence}", COLOURS[action])


class Story:
    """Prints as it goes; the bar shows how many of `stages` are done."""

    def __init__(self, stages: int) -> None:
        self.console = Console(highlight=False, soft_wrap=False)
        columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
        self._bar = Progress(*columns, TextColumn("{task.description}"), console=self.console, transient=True)
        self._task = self._bar.add_task("starting", total=stages)
        self._began = time.monotonic()

    @contextmanager
    def telling(self) -> Iterator["Story"]:
        with self._bar:
            yield self

    def heading(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]")

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        self._bar.update(self._task, description=name)
        stage, began = Stage(name), time.monotonic()
        yield stage
        row = Table.grid(padding=(0, 1))
        row.add_column(width=20)
        row.add_column(width=8, justify="right")
        row.add_column(width=7, justify="right")
        row.add_column(ratio=1)
        rows = f"{stage.rows:,}" if stage.rows else ""
        row.add_row(name, rows, f"{time.monotonic() - began:.1f} s", stage.text, style=stage.colour)
        self.console.print(row)
        self._bar.advance(self._task)

    def versions(self, stores: Stores) -> None:
        table = Table("model", "version", "trained as of", "now", "why it was trained", title="Versions")
        for name in stores.models:
            for info in stores.registry.versions(name):
                table.add_row(
                    name, info.version, f"{info.as_of:%Y-%m-%d}", ", ".join(info.aliases), info.reason.split(";")[0]
                )
        self.console.print(table)

    def ledger(self, stores: Stores) -> None:
        table = Table("date", "model", "what", "version", "before", "by", title="Decisions and moves")
        for entry in stores.ledger.entries():
            told = f"decided: {entry.evidence['action']}" if entry.kind == "decision" else TOLD.get(entry.kind)
            if told and told != "decided: none":
                names = (entry.version or "", entry.previous or "")
                table.add_row(f"{entry.at:%Y-%m-%d}", entry.model, told, *names, entry.actor)
        self.console.print(table)

    def whereabouts(self, stores: Stores, report: Path | None) -> None:
        home, mlflow = stores.settings.home, stores.settings.mlflow_path
        folder, quiet = os.path.relpath(home), "PREFECT_SERVER_ANALYTICS_ENABLED=false"
        lines = [
            f"{time.monotonic() - self._began:.0f} s, all of it kept in {home}. Look at it:",
            f"  .venv/bin/trimtab --home {folder} status",
            f"  .venv/bin/trimtab --home {folder} history engagement",
            f"  .venv/bin/trimtab --home {folder} quarantine list",
            f"  MLflow    .venv/bin/mlflow server --port 5000 --backend-store-uri sqlite:///{mlflow}/mlflow.db",
            f"  Prefect   {quiet} PREFECT_HOME={home}/prefect .venv/bin/prefect server start",
            f"  Evidently {report or 'no report was written'}",
        ]
        self.console.print("\n" + "\n".join(lines), soft_wrap=True)
