"""Does what should run by itself run, and is somebody told when it does not?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.asking import ask, credentials
from infra.doctor.finding import Case, Finding, ok, warning, wrong
from trimtab import addresses, source
from trimtab.errors import TrimtabError

TAG = "trimtab"  # of our deployments; the server may have others
OURS = {"tags": {"all_": [TAG]}}
ANSWER_SECONDS = 10
SILENT = timedelta(minutes=2)  # of a runner, which asks every few seconds
SETTLED = timedelta(minutes=2)  # of server and deployment, by when Prefect's scheduler has looked at it twice
LATE = 3  # intervals without a success that count as late
SHOWN = 5


@dataclass(frozen=True)
class Api:
    """Prefect's API at `url`. Its methods raise OSError or ValueError."""

    url: str
    headers: Mapping[str, str]

    def filter(self, what: str, **body: Any) -> list[dict[str, Any]]:
        """Rows of `what`, at most 200."""
        found = ask(f"{self.url}/{what}/filter", ANSWER_SECONDS, {"limit": 200} | body, self.headers)
        if not isinstance(found, list):
            raise ValueError(f"{what} answered {found!r}")
        return found

    def deployments(self) -> dict[str, dict[str, Any]]:
        """Ours, by `flow/name`."""
        flows = {flow["id"]: flow["name"] for flow in self.filter("flows", deployments=OURS)}
        found = [each for each in self.filter("deployments", deployments=OURS) if TAG in each.get("tags", ())]
        return {f"{flows.get(each['flow_id'], '?')}/{each['name']}": each for each in found}

    def late(self) -> list[dict[str, Any]]:
        """Runs of ours that should have begun."""
        return self.filter("flow_runs", deployments=OURS, flow_runs={"state": {"name": {"any_": ["Late"]}}})

    def last_success(self, deployment: str) -> datetime | None:
        """When the newest completed run of a deployment ended."""
        found = self.filter(
            "flow_runs",
            deployments={"id": {"any_": [deployment]}},
            flow_runs={"state": {"type": {"any_": ["COMPLETED"]}}},
            sort="END_TIME_DESC",
            limit=1,
        )
        return _moment(found[0]["end_time"]) if found else None

    def is_planned(self, deployment: str, now: datetime) -> bool:
        """Whether a run of it is to begin after `now`."""
        planned = {"state": {"name": {"any_": ["Scheduled"]}}, "expected_start_time": {"after_": now.isoformat()}}
        return bool(self.filter("flow_runs", deployments={"id": {"any_": [deployment]}}, flow_runs=planned, limit=1))


def schedules(case: Case) -> Iterator[Finding]:
    """Are the deployments there, is a runner alive, and is each as often done as it should be?"""
    url = _api(case)
    if url is None:
        yield _nothing_runs(case)
        return
    api = Api(url, credentials(case.environ))
    try:
        wanted = _wanted(case)
        ours, late = api.deployments(), api.late()
        done = {name: api.last_success(each["id"]) for name, each in ours.items()}
        idle = [name for name, each in _settled(case, ours) if not api.is_planned(each["id"], case.now)]
    except TrimtabError as error:
        yield wrong("schedules", str(error), "The runner cannot start until that is put right.")
        return
    except (OSError, ValueError, KeyError) as error:
        do = "See HOME/logs/prefect.log, or whether PREFECT_API_URL is right."
        yield wrong("schedules", f"The Prefect server at {url} does not answer: {error}.", do)
        return
    yield _served(ours, wanted)
    if ours:
        yield _runner(case, ours)
        yield _planned(idle)
        yield _late(late)
        yield from _successes(case, ours, done)


def alerts(case: Case) -> Iterator[Finding]:
    """Is anybody told?"""
    known = case.settings.alerts
    many = len(known.urls) + len(known.blocks)
    if many:
        yield ok("alerts", f"{many} receivers get alerts from {known.least} on.")
    else:
        do = "Set TRIMTAB_ALERTS__URLS or TRIMTAB_ALERTS__BLOCKS."
        yield warning("alerts", "Nobody is told when something happens: no receiver of alerts is set.", do)


def _api(case: Case) -> str | None:
    named = case.environ.get("PREFECT_API_URL")
    if named:
        return named.rstrip("/")
    return _api_of_up(case)


def _api_of_up(case: Case) -> str | None:
    up = addresses.started(case.settings.home)
    return f"{up[1].prefect}/api" if up and up[1].prefect else None


def _nothing_runs(case: Case) -> Finding:
    if (case.settings.home / addresses.FILE).exists():
        return warning("schedules", "A trimtab up was killed: nothing runs by itself.", "Start it again: trimtab up.")
    return ok("schedules", "No server is named and no trimtab up runs: nothing is due by itself.")


def _wanted(case: Case) -> Sequence[str]:
    from flows.deployments import plans  # imports Prefect, which costs seconds

    readable = tuple(path for path in case.settings.sources if _is_readable(path))  # the check `sources` says why not
    return [plan.name for plan in plans(case.settings.model_copy(update={"sources": readable}))]


def _is_readable(path: Path) -> bool:
    try:
        source.load(path)
    except (TrimtabError, OSError):
        return False
    return True


def _served(there: Mapping[str, Any], wanted: Sequence[str]) -> Finding:
    missing = [name for name in wanted if name not in there]
    paused = [name for name, each in there.items() if each.get("paused")]
    if missing:
        do = "Is the runner healthy? See HOME/logs/runner.log; `trimtab up` starts it."
        return wrong("schedules", f"{len(missing)} deployments are not there: {_some(missing)}.", do)
    if paused:
        return warning(
            "schedules", f"{len(paused)} deployments are paused: {_some(paused)}.", "Resume them in Prefect."
        )
    return ok("schedules", f"All {len(there)} deployments are there.")


def _runner(case: Case, there: Mapping[str, Any]) -> Finding:
    asked = [moment for each in there.values() if (moment := _moment(each.get("last_polled")))]
    if not asked or case.now - max(asked) > SILENT:
        since = f"since {max(asked):%Y-%m-%d %H:%M}" if asked else "yet"
        return wrong("runner", f"No runner has asked for work {since}.", "`trimtab up` starts one.")
    return ok("runner", f"A runner asks for work, last at {max(asked):%H:%M:%S} UTC.")


def _settled(case: Case, there: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Those with an active schedule that Prefect's scheduler has had the time to look at."""
    if _api_of_up(case) == _api(case) and case.now - _up_since(case) < SETTLED:
        return
    for name, each in there.items():
        active = not each.get("paused") and any(own.get("active") for own in each.get("schedules") or [])
        if active and (created := _moment(each.get("created"))) and case.now - created > SETTLED:
            yield name, each


def _up_since(case: Case) -> datetime:
    return datetime.fromtimestamp((case.settings.home / addresses.FILE).stat().st_mtime, UTC)


def _planned(idle: Sequence[str]) -> Finding:
    if not idle:
        return ok("planned", "Every active schedule has a next run.")
    do = "Prefect's scheduler has stopped: start the server again (`trimtab up`); HOME/logs/prefect.log may say why."
    return wrong("planned", f"{len(idle)} deployments have a schedule and no next run: {_some(idle)}.", do)


def _late(late: Sequence[Mapping[str, Any]]) -> Finding:
    if not late:
        return ok("late", "No run is late.")
    do = "They are made good by the next; if they stay, raise TRIMTAB_SCHEDULES__RUNS_AT_ONCE."
    return warning("late", f"{len(late)} runs are late: {_some([str(run['name']) for run in late])}.", do)


def _successes(
    case: Case, there: Mapping[str, Mapping[str, Any]], done: Mapping[str, datetime | None]
) -> Iterator[Finding]:
    """One line for those that are as they should be, and one for each that is not."""
    told = []
    for name, last in done.items():
        every = _interval(there[name])
        if last and every and case.now - last > LATE * every:
            sentence = f"{name} last succeeded {_ago(case.now - last)}; it is due every {_span(every)}."
            yield warning("last success", sentence, "Look at its runs in Prefect.")
        elif last:
            told.append(f"{name} {_ago(case.now - last)}")
    never = sum(last is None for last in done.values())
    if told or never:
        more = f"{never} have not run yet" if never else ""
        yield ok("last success", f"{', '.join([*told, *([more] if more else [])])}.")


def _interval(deployment: Mapping[str, Any]) -> timedelta | None:
    for each in deployment.get("schedules") or []:
        if each.get("active") and (seconds := each.get("schedule", {}).get("interval")):
            return timedelta(seconds=float(seconds))
    return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ago(age: timedelta) -> str:
    return f"{_span(max(age, timedelta()))} ago"


def _span(span: timedelta) -> str:
    minutes = span / timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h" if minutes < 2880 else f"{span.days} days"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
