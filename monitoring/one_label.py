"""Does every label say the same? A labeller that is stuck, or a count that is no longer counted, looks like this.

A model that learns from such a window says the same of everything, and is right on every post it is judged on.
"""

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from monitoring.measures import Measure, unjudged
from monitoring.usual import ENOUGH, cut
from trimtab.windows import Window

CHANCE = 1e-9  # of a day on which all labels agree, if they were drawn as those of the reference were


def one_label(before: Series, matured: DataFrame, window: Window) -> Measure:
    """The share of the commonest target on the day that has most of it; `slice` names it.

    `before`: targets of the reference. `matured`: rows with target whose outcome became known in the window.
    """
    days = cut(matured[["label_known_at", "target"]].dropna(), "label_known_at", window)
    codes, values = pd.factorize(days.rows["target"])
    known = before.dropna()
    if len(codes) < ENOUGH or not len(known):
        return unjudged("quality", "one_label", len(codes))
    counts = [np.bincount(part) for part in days.parts(codes)]
    at = int(np.argmax([count.max() / count.sum() for count in counts]))
    whole = len(values) == 1
    share = float(counts[at].max() / counts[at].sum())
    rows, value = len(codes) if whole else int(counts[at].sum()), values[counts[at].argmax()]
    usual = float((known == value).mean())
    name = f"{value:g}" if isinstance(value, float) else str(value)
    if not whole and len(days) > 1:
        name = f"{name} on {days.starts[at]:%Y-%m-%d}"
    return Measure("quality", "one_label", name, share, 1.0, share == 1 and usual**rows < CHANCE, rows, usual=usual)
