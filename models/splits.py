"""Time-ordered splits: never a row learned from that is younger than a row judged on."""

from datetime import timedelta

import numpy as np
from pandas import DataFrame, Timedelta

from trimtab.errors import NotEnoughData


def holdout(rows: DataFrame, share: float, gap_hours: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of (learned, held out): the newest `share` by event_timestamp, with a gap before it.

    A row within `gap_hours` before the held-out part is in neither: its label was not yet known
    when the first held-out post was scored.
    """
    times = rows["event_timestamp"].to_numpy()
    order = np.argsort(times, kind="stable")
    cut = times[order[int(len(order) * (1 - share))]] if len(order) else None
    if cut is None:
        raise NotEnoughData.rows(0, 1, "rows to split", "Ingest posts whose horizon has passed.")
    learned = np.flatnonzero(times < cut - Timedelta(timedelta(hours=gap_hours)).to_timedelta64())
    held = np.flatnonzero(times >= cut)
    if not len(learned) or not len(held):
        raise NotEnoughData.rows(
            len(rows),
            len(rows) * 2,
            "rows to split",
            f"All lie within {gap_hours:g} h; train on a longer period.",
        )
    return learned, held
