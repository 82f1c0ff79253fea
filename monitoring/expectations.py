"""Great Expectations, and the only module that imports it: checks in, frozen findings out.

An ephemeral context: no files, no network, no progress bars. A run costs about 40 ms and then 15 ms an
expectation for 50,000 rows, so callers check many rows and many batches at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pandas import DataFrame

from monitoring.contract import Check


@dataclass(frozen=True)
class Finding:
    """Rows (positions in the frame) that break one check."""

    check: Check
    rows: tuple[int, ...]


def findings(frame: DataFrame, checks: Sequence[Check]) -> tuple[Finding, ...]:
    """What the suite made of `checks` finds in `frame`, in the order of the checks."""
    usable = [check for check in checks if check.column in frame]
    if not usable or frame.empty:
        return ()
    import great_expectations as gx

    suite = gx.ExpectationSuite(
        name="contract", expectations=[_expectation(n, check) for n, check in enumerate(usable)]
    )
    numbered = frame.reset_index(drop=True)
    batch = _definition().get_batch(batch_parameters={"dataframe": numbered})
    try:
        outcome = batch.validate(
            suite, result_format={"result_format": "COMPLETE", "return_unexpected_index_query": False}
        )
    finally:
        _forget(batch)
    return tuple(
        sorted((_finding(result, usable) for result in outcome.results), key=lambda each: usable.index(each.check))
    )


def _forget(batch: Any) -> None:
    """Let go of the rows: the engine keeps every batch that it was ever given."""
    kept = batch.data.execution_engine.batch_manager
    kept.reset_batch_cache()
    kept.batch_data_cache.clear()


def _finding(result: Any, checks: Sequence[Check]) -> Finding:
    config = result.expectation_config
    check = checks[config.meta["check"]]
    if result.exception_info.get("raised_exception"):
        raise RuntimeError(f"Great Expectations could not judge {check}: {result.exception_info['exception_message']}")
    rows = () if result.success else tuple(int(row) for row in result.result["unexpected_index_list"])
    return Finding(check, rows)


def _expectation(number: int, check: Check) -> Any:
    import great_expectations.expectations as gxe

    shared: dict[str, Any] = {"column": check.column, "meta": {"check": number}}
    if check.rule == "not_null":
        return gxe.ExpectColumnValuesToNotBeNull(**shared)
    if check.rule == "null":
        return gxe.ExpectColumnValuesToBeNull(**shared)
    if check.rule == "in_set":
        return gxe.ExpectColumnValuesToBeInSet(value_set=list(check.allowed), **shared)
    return gxe.ExpectColumnValuesToBeBetween(min_value=check.low, max_value=check.high, **shared)


@cache
def _definition() -> Any:
    """A batch definition of a context that lives in memory only."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("door").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("batch")
