"""The sections of the settings: each lower layer gets the one that it needs, frozen, with units in the names."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trimtab.posts import COUNTS


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Engagement(Section):
    """What the engagement model predicts."""

    count: str = Field("comments", pattern=f"^({'|'.join(COUNTS)})$", description="count that is predicted")
    horizon_hours: float = Field(48, gt=0, description="age at which a post's count is its outcome")
    interval_share: float = Field(0.8, gt=0, lt=1, description="share of outcomes that [low, high] should hold")

    @property
    def horizon(self) -> timedelta:
        return timedelta(hours=self.horizon_hours)


class Ingest(Section):
    """The door."""

    chunk_rows: int = Field(50_000, ge=100, description="rows held in memory at a time")
    future_tolerance_hours: float = Field(1, ge=0, description="how far ahead of us a clock may run")
    text_limit_chars: int = Field(100_000, ge=100, description="a longer text is quarantined")
    null_share: float = Field(0.2, gt=0, le=1, description="rise of a column's share of nulls that refuses a batch")
    unit_factor: float = Field(
        30, gt=1, description="change of a count's median that refuses a batch as a change of unit"
    )
    bad_share: float = Field(0.3, gt=0, le=1, description="share of bad rows that refuses the whole batch")
    volume_factor: float = Field(6, gt=1, description="rows a day against the usual that refuse a batch, either way")


class Training(Section):
    """How models learn."""

    seed: int = Field(0, ge=0, description="of what is drawn at random in training")
    threads: int = Field(
        2, ge=1, description="folds of a sentiment fit that run at once; LightGBM itself uses one thread"
    )
    history_days: float = Field(730, gt=0, description="how far back training rows go")
    min_rows: int = Field(300, ge=10, description="fewer mature rows than this never train")
    fresh_rows: int = Field(200, ge=30, description="at least so many fresh rows, however old")
    fresh_days: float = Field(7, gt=0, description="newest mature days kept from training to compare versions on")


class Monitoring(Section):
    """When a window counts as moved."""

    window_days: float = Field(7, gt=0, description="length of a window, on which one decision is taken")
    policy: str = Field(
        "budgeted",
        pattern=r"^(budgeted|never|performance|calendar(:\d+(\.\d+)?[hdw])?)$",
        description="when to retrain: budgeted, never, performance, or calendar:28d; a backtest recommends one",
    )
    reference_days: float = Field(56, ge=14, description="length of the reference before a version was trained")
    unneeded_retrains_per_year: float = Field(
        1, gt=0, le=12, description="budget of a model, in a world where nothing moves"
    )
    loss_rise_share: float = Field(0.05, gt=0, description="rise of the loss that the policy `performance` acts on")
    min_rows: int = Field(100, ge=1, description="a smaller window is not judged")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="of every interval that decides")


class Cost(Section):
    """What a retrain costs and what an error costs, in one currency of yours, and the brakes."""

    retrain_cost: float = Field(1.0, ge=0, description="of one retrain, all told")
    recalibrate_cost: float = Field(0.1, ge=0, description="of one refit of the calibrator")
    error_cost: float = Field(0.01, gt=0, description="of one unit of the model's loss on one post")
    least_gain_share: float = Field(
        0.01, ge=0, lt=1, description="of the champion's loss; a smaller gain makes no new version"
    )
    payback_days: float = Field(28, gt=0, description="in which a retrain must earn what it cost")
    monthly_cap: float = Field(10.0, ge=0, description="spent on retrains in 30 days at most")
    cool_down_days: float = Field(7, ge=0, description="between two trainings of a model")
    look_days: float = Field(28, gt=0, description="without an alarm, a gain is looked for at least this often")
    breaker_refusals: int = Field(3, ge=1, description="challengers refused in a row that stop automatic retraining")
    breaker_days: float = Field(28, gt=0, description="for which it then stops")
    stale_days: float = Field(
        365,
        gt=0,
        description="age of a champion at which it is retrained, unless a look measures that it gains nothing",
    )


class Release(Section):
    """When a challenger becomes champion."""

    confidence: float = Field(0.95, gt=0.5, lt=1, description="with which a challenger must be better")
    resamples: int = Field(500, ge=100, description="bootstrap resamples behind each interval")
    promotion: Literal["auto", "review"] = Field(
        "auto", description="what becomes of a challenger that passed the gates: it serves, or it waits for a person"
    )


class Gates(Section):
    """What a challenger must show before it serves; `release` says how sure the comparison must be."""

    size_limit_mb: float = Field(200, gt=0, description="of a version's files")
    load_limit_seconds: float = Field(10, gt=0, description="of CPU time to load its files, imports left out")
    post_limit_ms: float = Field(50, gt=0, description="of CPU time for one post scored alone")
    clean_limit_seconds: float = Field(300, gt=0, description="that the clean process gets for all it scores")
    chance_share: float = Field(
        0.05, gt=0, lt=1, description="of challengers as good as the champion that one gate may refuse by chance"
    )
    worse_share: float = Field(0.02, ge=0, description="of the champion's loss; what is worse by less is let pass")
    calibration_error: float = Field(0.05, ge=0, lt=1, description="of the likeliest label's probability, and chance")
    bias_log1p: float = Field(0.15, ge=0, description="mean of prediction minus outcome, and chance")
    coverage_gap: float = Field(0.08, ge=0, lt=1, description="between the share asked of intervals and that found")
    invariant_share: float = Field(0.8, ge=0, le=1, description="of rewritten posts that must be scored alike")
    alike_probability: float = Field(
        0.25, gt=0, lt=1, description="by which probabilities of a rewritten post may differ"
    )
    alike_log1p: float = Field(0.5, gt=0, description="by which the value of a rewritten post may differ")
    direction_share: float = Field(0.8, ge=0, le=1, description="of praise and insults told apart")
    minimum_share: float = Field(0.75, ge=0, le=1, description="of plain moods that must be told")
    author_gain_share: float = Field(0.5, gt=0, le=1, description="of the gain that one author may have")
    others_gain_share: float = Field(
        0.25, ge=0, le=1, description="of the gain a post that is left without any one author or link"
    )


class Watch(Section):
    """How a new champion is held against the version before it, on labels as they come."""

    days: float = Field(28, gt=0, description="after a promotion, in which the version before is still an option")
    least_days: int = Field(7, ge=2, description="with labels before a watch ends well: each weekday once")
    harmless_share: float = Field(
        0.01, ge=0, lt=1, description="of the loss; only a version that is worse by more is rolled back"
    )
    no_worse_share: float = Field(
        0.02, gt=0, lt=1, description="of the loss; a watch ends when the version is surely not worse by so much"
    )


class Serving(Section):
    """What `trimtab serve` listens on, takes and waits for."""

    host: str = Field("127.0.0.1", description="address; any that is not loopback wants an api_key")
    port: int = Field(8710, ge=0, le=65_535, description="0 takes one that is free")
    workers: int = Field(1, ge=1, le=256, description="processes that share the port")
    api_key: SecretStr | None = Field(None, description="wanted in the header X-API-Key; none: everybody may ask")
    poll_seconds: float = Field(0.5, ge=0.05, le=60, description="between two looks at the aliases")
    registry_seconds: float = Field(5, gt=0, description="after which a registry that does not answer counts as away")
    features_seconds: float = Field(
        0.25, gt=0, description="after which a post is scored from its content alone, without the online store"
    )
    refresh_minutes: float = Field(
        5, ge=0, description="between two refreshes of the online store by the server; 0: somebody else does it"
    )
    most_posts: int = Field(10_000, ge=1, le=10_000, description="in one request")
    most_explained: int = Field(200, ge=1, le=10_000, description="in one request that asks for reasons")
    most_bytes: int = Field(10_000_000, ge=1_000, description="of one request")
    log_predictions: bool = Field(True, description="keep every answer in the lake, for monitoring")
    log_seconds: float = Field(10, gt=0, description="between two writes to the lake")
    log_rows: int = Field(100_000, ge=1, description="predictions that wait to be written; more are lost and counted")
    stop_seconds: float = Field(10, gt=0, description="requests are given to end when a server stops")


class Schedules(Section):
    """When the flows run by themselves, in UTC; windows are `monitoring.window_days` long."""

    ingest_minutes: float = Field(60, ge=1, description="between two ingests of each source")
    score_minutes: float = Field(60, ge=1, description="between two scorings of what became known")
    materialise_minutes: float = Field(60, ge=1, description="between two refreshes of the online store")
    release_minutes: float = Field(10, ge=1, description="between two ticks, which carry out what waits")
    watch_hours: float = Field(24, gt=0, description="between two looks at a new champion that is watched")
    stale_days: float = Field(7, gt=0, description="between two looks at whether a champion has grown too old")
    delay_minutes: float = Field(
        30, ge=0, description="after the end of a window or hour before it is looked at: data come in late"
    )
    poll_seconds: float = Field(2, ge=0.5, le=60, description="between two looks of the runner for runs that are due")
    runs_at_once: int = Field(2, ge=1, le=64, description="processes of flow runs")
    limit_minutes: float = Field(60, gt=0, description="that one run may take before it is ended")


class Alerts(Section):
    """Whom a sentence is sent to, and which."""

    urls: tuple[SecretStr, ...] = Field((), description="addresses as apprise takes them: slack://, mailto://, json://")
    blocks: tuple[str, ...] = Field((), description="Prefect notification blocks, as type/name")
    least: Literal["info", "warning", "critical"] = Field("warning", description="severity from which one is sent")
    send_seconds: float = Field(10, gt=0, description="that one receiver gets to answer")


class Up(Section):
    """Where `trimtab up` puts its parts; a port that is taken is replaced by a free one."""

    prefect_port: int = Field(4200, ge=0, le=65_535, description="of Prefect's server and UI")
    mlflow_port: int = Field(5000, ge=0, le=65_535, description="of MLflow's UI")
    evidently_port: int = Field(8000, ge=0, le=65_535, description="of Evidently's UI")
    page_port: int = Field(8720, ge=0, le=65_535, description="of the status page")
    healthy_seconds: float = Field(240, gt=0, description="that a part gets to become healthy")
    stop_seconds: float = Field(20, gt=0, description="that a part gets to end by itself")


class Links(Section):
    """Where people look; what `trimtab up` started fills in what is not said here."""

    prefect_url: str | None = Field(None, description="of Prefect's UI")
    mlflow_url: str | None = Field(None, description="of MLflow's UI")
    evidently_url: str | None = Field(None, description="of Evidently's UI")
    page_url: str | None = Field(None, description="of the status page")
    score_url: str | None = Field(None, description="of the scoring API")
