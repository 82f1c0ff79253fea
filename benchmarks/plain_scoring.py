"""The Scorer of the plain model: a booster over the content of the post and its community, and no momentum."""

import json
from pathlib import Path

import lightgbm
import numpy as np
from pandas import DataFrame

NUMBERS = ["chars", "words", "body_chars", "has_link", "hour", "weekday"]
NAMES = ["topic", "link_domain"]


def coded(rows: DataFrame, codes: dict[str, dict[str, int]]) -> np.ndarray:
    """Numbers as they are, names by their codes, -1 where unknown."""
    named = [rows[name].map(codes[name]).fillna(-1) for name in NAMES]
    return np.column_stack([rows[NUMBERS].astype(float), *named])


class Scorer:
    """A booster and the codes of the names that it learned."""

    def __init__(self, booster: lightgbm.Booster, codes: dict[str, dict[str, int]]) -> None:
        self.booster, self.codes = booster, codes

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        folder = Path(directory)
        codes = json.loads((folder / "codes.json").read_text("utf-8"))
        return cls(lightgbm.Booster(model_str=(folder / "booster.txt").read_text("utf-8")), codes)

    def predict(self, rows: DataFrame) -> DataFrame:
        value = self.booster.predict(coded(rows, self.codes)) if len(rows) else []
        return DataFrame({"value": value}, index=rows.index)

    def explain(self, rows: DataFrame) -> DataFrame:
        parts = self.booster.predict(coded(rows, self.codes), pred_contrib=True)
        return DataFrame(parts, index=rows.index, columns=[*NUMBERS, *NAMES, "bias"])
