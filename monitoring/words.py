"""Texts cut into words, fast: one pass of pyarrow over all of them."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT_CHARS = 1_000  # of each text, from its start
DAY_TEXTS = 2_000  # of a day, evenly spaced: more tell nothing new and cost seconds
BETWEEN = r"https?://\S+|[^\p{L}\p{M}\p{N}'\x{2019}]+"  # links are no words


def words(texts: pd.Series) -> tuple[pa.Array, np.ndarray]:
    """Every word of every text in order, in lower case, and the row (position) that each is of; nulls have none."""
    plain = _strings(texts)
    short = pc.utf8_lower(pc.utf8_slice_codeunits(plain, 0, TEXT_CHARS))
    spaced = pc.ascii_trim_whitespace(pc.replace_substring_regex(short, BETWEEN, " "))
    parts = pc.ascii_split_whitespace(spaced)
    found, rows = pc.list_flatten(parts), pc.list_parent_indices(parts)
    bare = pc.utf8_trim(found, "'\u2019")
    kept = pc.not_equal(bare, "")
    return bare.filter(kept), rows.filter(kept).to_numpy(zero_copy_only=False)


def _strings(texts: pd.Series) -> pa.Array:
    try:
        column = pa.array(texts, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # other things than text among them
        column = pa.array(texts.astype(object).map(str, na_action="ignore"), type=pa.large_string(), from_pandas=True)
    column = column.cast(pa.large_string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def spaced_rows(day: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most `most` rows of each day (-1: of none), evenly spaced among that day's rows."""
    order = np.argsort(day, kind="stable")
    order = order[np.searchsorted(day[order], 0) :]
    if not len(order):
        return order
    sizes = np.bincount(day[order])
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    size = np.repeat(sizes, sizes)
    kept = place * most // size != (place - 1) * most // size  # the first row of each of `most` equal parts
    return np.sort(order[kept | (size <= most)])
