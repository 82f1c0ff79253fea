"""From what versions say of posts to the answer of a request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from pydantic_core import to_json

from models.serve.features import Found
from models.serve.live import Bundle
from models.serve.online import Rows
from models.serve.scoring import Said
from trimtab.features import KEYS
from trimtab.posts import SENTIMENTS

LARGEST = 700.0  # of log1p: what lies beyond has no float
Plain = dict[str, Any]


def answer(at: datetime, posts: Sequence[Plain]) -> bytes:
    """The body of a response; a number that is none becomes null."""
    return to_json({"scored_at": at, "posts": posts}, inf_nan_mode="null")


def posts_of(rows: Rows, said: Sequence[tuple[Said, Sequence[Plain]]]) -> list[Plain]:
    """One entry a row: its id and, from each version, its score with where the features are from."""
    scores = [_scores(one, origins) for one, origins in said]
    together = zip(rows.ids, zip(*scores, strict=True), strict=True)
    return [{"post_id": post, "scores": list(of)} for post, of in together]


def origins(bundle: Bundle, found: Found, views: Sequence[str], rows: int) -> list[Plain]:
    """Where the features of each row are from, as the model of `bundle` reads them: its service's `views`."""
    if not views:
        return [{"features": "content alone", "why": f"{bundle.model.name} reads nothing else"}] * rows
    if found.why:
        return [{"features": "content alone", "why": found.why}] * rows
    keys = [KEYS[view] for view in views]
    known = np.array([found.known[key] for key in keys])
    if known.all():
        return [{"features": "online"}] * rows
    return [_unknown([key for key, there in zip(keys, column, strict=True) if not there]) for column in known.T]


def _unknown(keys: list[str]) -> Plain:
    return {"features": "online", "unknown": keys} if keys else {"features": "online"}


def _scores(said: Said, origins: Sequence[Plain]) -> list[Plain]:
    values = _counts(said.columns) if "value" in said.columns else _labels(said.columns)
    reasons = [{"reasons": of} for of in said.reasons] if said.reasons is not None else [{}] * len(values)
    about = {"model": said.model, "version": said.version}
    return [{**about, **origin, **value, **why} for origin, value, why in zip(origins, values, reasons, strict=True)]


def _counts(columns: Mapping[str, list[Any]]) -> list[Plain]:
    """Counts of log1p values, with their interval."""
    value, low, high = (np.expm1(np.minimum(columns[name], LARGEST)).tolist() for name in ("value", "low", "high"))
    found = zip(value, low, high, columns["value"], strict=True)
    return [{"count": count, "low": least, "high": most, "value": raw} for count, least, most, raw in found]


def _labels(columns: Mapping[str, list[Any]]) -> list[Plain]:
    odds = zip(*(columns[f"p_{name}"] for name in SENTIMENTS), strict=True)
    pairs = zip(columns["label"], odds, strict=True)
    return [{"label": label, "probabilities": dict(zip(SENTIMENTS, odd, strict=True))} for label, odd in pairs]
