"""The table of a backtest, a line a policy."""

from typing import Any

WIDTH = 110


def table(found: dict[str, Any]) -> str:
    """Of a backtest's report, as text for a terminal."""
    from rich.console import Console
    from rich.table import Table

    metrics = list(next(iter(found["policies"].values()))["totals"]["metrics"])[:2]
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("policy", "mean loss", *metrics, "retrains", "recalibrated", "promoted", "cost", "regret"):
        shown.add_column(name, justify="left" if name == "policy" else "right")
    best = found["recommendation"]["best"]
    for policy, told in found["policies"].items():
        shown.add_row(*_cells(policy, told["totals"], metrics), style="bold" if policy == best else None)
    console = Console(width=WIDTH, no_color=True)
    with console.capture() as caught:
        console.print(shown)
    return caught.get().rstrip()


def _cells(policy: str, totals: dict[str, Any], metrics: list[str]) -> list[str]:
    counts = (totals[name] for name in ("retrains", "recalibrations", "promoted"))
    return [
        policy,
        f"{totals['mean_loss']:.4f}",
        *("-" if totals["metrics"][name] is None else f"{totals['metrics'][name]:.4f}" for name in metrics),
        *(str(count) for count in counts),
        f"{totals['cost']:,.2f}",
        f"{totals['regret']:,.2f}",
    ]
