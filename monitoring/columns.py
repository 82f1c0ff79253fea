"""The values of a column, whatever a null, a reader or a flag has made of its type."""

import numpy as np
import pandas as pd
from pandas import Series
from pandas.api.types import is_numeric_dtype


def numbers(column: Series) -> np.ndarray:
    """Floats, NaN for what is null, infinite or no number. Copies only where it must."""
    if not is_numeric_dtype(column.dtype):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    plain = isinstance(column.dtype, np.dtype)
    found = column.to_numpy(dtype=float) if plain else column.to_numpy(dtype=float, na_value=np.nan)
    finite = np.isfinite(found)
    return found if finite.all() else np.where(finite, found, np.nan)


def label(value: object) -> str:
    """The same word for 1, 1.0, True and numpy's one, whatever a null has made of the column."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else f"{value:g}"
    return str(value)


def is_flag(column: Series) -> bool:
    if column.dtype == object or isinstance(column.dtype, pd.CategoricalDtype):
        return all(isinstance(value, bool | np.bool_) for value in factorized(column)[1])
    return column.dtype.kind == "b"


def factorized(column: Series) -> tuple[np.ndarray, list[object]]:
    """The place of each row's value among the distinct ones; -1 for null."""
    try:
        places, distinct = pd.factorize(column)
    except TypeError:  # lists and other things without a hash
        places, distinct = pd.factorize(column.astype(str).where(column.notna()))
    return places, list(distinct)
