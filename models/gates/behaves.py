"""Behaves as a person expects of anything that reads text: on posts rewritten, and on posts whose mood is plain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.gates import cases
from models.gates.gate import Gate
from models.gates.rewriting import REWRITINGS, rewritten
from models.spec import Model
from trimtab.settings import Gates

NAME = "behaves"
WRITTEN, PRAISE, INSULTS = "as written", "praise", "insults"
SAMPLE = 100  # fresh posts that are rewritten
LEAST_CASES = 20  # rewritten posts that say anything of a rewriting
ENGLISH_WORDS, ENGLISH_SHARE = 2, 0.25  # different words of cases.ENGLISH in a post, in so many posts
POLES = ("p_negative", "p_positive")
Answers = Mapping[str, DataFrame]


@dataclass(frozen=True)
class Check:
    """How many of the cases came out as expected."""

    what: str  # "the same in capitals"
    right: int
    cases: int
    wanted_share: float

    @property
    def share(self) -> float:
        return self.right / self.cases

    @property
    def passed(self) -> bool:
        return self.share >= self.wanted_share

    def __str__(self) -> str:
        return f"{self.what} in {self.right} of {self.cases} cases"


def probes(model: Model, rows: DataFrame) -> dict[str, DataFrame]:
    """Frames to be scored, by what was done to their texts; {} for a model or posts without a text.

    A case has the topic, the media and the history of a fresh post and differs from it in its text alone.
    """
    if "text" not in model.features or "text" not in rows:
        return {}
    told = rows[rows["text"].fillna("").str.strip() != ""]
    if told.empty:
        return {}
    told = told.iloc[np.unique(np.linspace(0, len(told) - 1, SAMPLE).astype(int))]
    read = told[[name for name in model.features if name in told]]
    praise, insults = (list(side) for side in zip(*cases.PAIRS, strict=True))
    carriers = read.iloc[np.resize(np.arange(len(read)), len(cases.PAIRS))]
    frames = {}
    if english(told["text"]):
        frames = {PRAISE: rewritten(carriers, praise), INSULTS: rewritten(carriers, insults)}
        shown = [_with(praise, cases.GLAD), _with(insults, cases.CROSS)]
        read = pd.concat([read, *(rewritten(carriers, texts) for texts in shown)])
    texts = read["text"].tolist()
    other = {
        name: rewritten(read, [write(text, at) for at, text in enumerate(texts)]) for name, write in REWRITINGS.items()
    }
    return {name: frame.reset_index(drop=True) for name, frame in ({WRITTEN: read} | other | frames).items()}


def behaves(asked: Mapping[str, DataFrame], answers: Answers, limits: Gates) -> Gate:
    """`answers` are the predictions for the frames of `probes`."""
    wanted = (
        f"rewritten alike in {limits.invariant_share:.0%}, direction right in {limits.direction_share:.0%}, "
        f"plain moods told in {limits.minimum_share:.0%} of cases"
    )
    found = [*_invariances(asked, answers, limits), *_directions(answers, limits)]
    if not found:
        return Gate.unjudged(NAME, wanted, "the model reads no text, or posts have none.")
    wrong = [check for check in found if not check.passed]
    worst = min(found, key=lambda check: check.share - check.wanted_share)
    value = f"{len(found) - len(wrong)} of {len(found)} checks; {worst}"
    figures = {check.what: check.share for check in found}
    if wrong:
        said = ", ".join(f"{check} where {check.wanted_share:.0%} were wanted" for check in wrong)
        return Gate(NAME, False, value, wanted, f"It does not behave: {said}.", figures=figures)
    more = "" if PRAISE in answers else " Directions were not judged: posts are not in English, or no mood is told."
    return Gate(NAME, True, value, wanted, f"It behaves: {', '.join(map(str, found))}.{more}", figures=figures)


def english(texts: pd.Series) -> bool:
    """Whether a good part of the posts has different words of plain English."""
    words = [set(re.findall(r"[a-z']+", text.lower())) & cases.ENGLISH for text in texts]
    return bool(np.mean([len(found) >= ENGLISH_WORDS for found in words]) >= ENGLISH_SHARE)


def _invariances(asked: Mapping[str, DataFrame], answers: Answers, limits: Gates) -> list[Check]:
    """Of the posts that a rewriting changes, those whose score it leaves within the tolerance."""
    found = []
    for name in REWRITINGS if WRITTEN in answers else ():
        changed = (asked[name]["text"] != asked[WRITTEN]["text"]).to_numpy()
        alike = _alike(answers[WRITTEN], answers[name], limits)[changed]
        if len(alike) >= LEAST_CASES:
            found.append(Check(f"alike with {name}", int(alike.sum()), len(alike), limits.invariant_share))
    return found


def _alike(one: DataFrame, other: DataFrame, limits: Gates) -> np.ndarray:
    """The same label, or a score within the tolerance: an emoji may make surer, and a label may hang on a hair."""
    names = [name for name in one if str(name).startswith("p_")]
    names, tolerance = (names, limits.alike_probability) if names else (["value"], limits.alike_log1p)
    near = np.abs(one[names].to_numpy(float) - other[names].to_numpy(float)).max(axis=1) <= tolerance
    return near | (one["label"] == other["label"]).to_numpy() if "label" in one else near


def _directions(answers: Answers, limits: Gates) -> list[Check]:
    """Nothing for a model that tells no mood."""
    if PRAISE not in answers or not {*POLES, "label"} <= set(answers[PRAISE]):
        return []
    praise, insults = answers[PRAISE], answers[INSULTS]
    tones = [(said["p_positive"] - said["p_negative"]).to_numpy(float) for said in (praise, insults)]
    many, direction = len(praise), limits.direction_share
    told = (praise["label"] == "positive").sum() + (insults["label"] == "negative").sum()
    return [
        Check("praise above its insult", int((tones[0] > tones[1]).sum()), many, direction),
        Check("praise not negative", int((praise["label"] != "negative").sum()), many, direction),
        Check("an insult not positive", int((insults["label"] != "positive").sum()), many, direction),
        Check("a plain mood told", int(told), 2 * many, limits.minimum_share),
    ]


def _with(texts: list[str], emoji: tuple[str, ...]) -> list[str]:
    return [text + emoji[at % len(emoji)] for at, text in enumerate(texts)]
