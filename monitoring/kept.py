"""What a version said of posts when they were scored, where the lake has kept it; only other posts are scored again."""

import numpy as np
import pyarrow as pa
from pandas import DataFrame

from models.spec import Model
from models.stores import Stores
from monitoring.assess import Version
from trimtab.lake import Lake
from trimtab.posts import SENTIMENTS

ROLES = ("champion", "challenger", "previous")  # in which flows score; a server's answers rest on other features
NUMBERS = ("value", "low", "high")
COLUMNS = ("post_id", "model", "version", "role", "scored_at", *NUMBERS, "probabilities")


def kept(stores: Stores, model: Model, version: Version) -> Version:
    """The version, asking the lake first. The lake of a replay is not its own: another registry counted there."""
    own = stores.lake.path == stores.settings.lake_path
    return Kept(stores.lake, model, version) if own else version


class Kept:
    """A version whose predictions have the columns that the lake keeps: numbers and p_*, no label decided on."""

    def __init__(self, lake: Lake, model: Model, behind: Version) -> None:
        self.lake, self.model, self.behind = lake, model, behind

    @property
    def version(self) -> str:
        return self.behind.version

    def predict(self, frame: DataFrame) -> DataFrame:
        """As it was said, index kept; everything anew where the version says more than the lake can keep."""
        if frame.empty:
            return self.behind.predict(frame)
        names = [name for name in self.behind.predict(frame.iloc[:1]).columns if name != "label"]
        if not set(names) <= {*NUMBERS, *_probabilities()}:
            return self.behind.predict(frame)
        found = self._kept(frame)
        new = ~frame["post_id"].isin(found.index).to_numpy()
        said = found.reindex(frame["post_id"])[names].set_axis(frame.index)
        if new.any():
            said = said.astype(float)
            said[new] = self.behind.predict(frame[new])[names].to_numpy(float)
        return said

    def _kept(self, frame: DataFrame) -> DataFrame:
        """By post_id, as first said."""
        posts = pa.array(frame["post_id"].astype(str).unique())
        rows = self.lake.matching("predictions", COLUMNS, "post_id", posts).to_pandas()
        mine = (rows["model"] == self.model.name) & (rows["version"] == self.version) & rows["role"].isin(ROLES)
        rows = rows[mine].sort_values("scored_at", kind="stable").drop_duplicates("post_id").set_index("post_id")
        spoken = rows["probabilities"].notna().to_numpy()
        wide = np.full((len(rows), len(SENTIMENTS)), np.nan)
        if spoken.any():
            wide[spoken] = np.vstack(rows["probabilities"][spoken].to_list())
        return rows[list(NUMBERS)].astype(float).join(DataFrame(wide, rows.index, _probabilities()))


def _probabilities() -> list[str]:
    return [f"p_{label}" for label in SENTIMENTS]
