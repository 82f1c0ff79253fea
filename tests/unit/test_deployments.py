"""What runs by itself: the deployments of a home, and the same in infra/prefect.yaml."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.flows import load_flow_from_entrypoint

from flows.automations import automation
from flows.deployments import as_paused, deployment, plans
from monitoring.due import FIRST_MONDAY
from tests.tiny_source import mapping, write_yaml
from trimtab.errors import SettingsError
from trimtab.settings import Monitoring, Schedules, Settings

ROOT = Path(__file__).parents[2]
HOME = "/srv/trimtab"
MODELS = ("engagement", "sentiment")


@pytest.fixture
def source(tmp_path):
    return write_yaml(tmp_path, mapping(source="posts"))


def settings(*sources: Path, **more: object) -> Settings:
    return Settings(home=Path(HOME), sources=sources, **more)


def by_name(found):
    return {plan.name: plan for plan in found}


def test_there_is_one_deployment_a_flow_and_subject(source):
    found = by_name(plans(settings(source)))
    flows = ("score", "monitor", "watch", "stale", "act", "retrain")
    of_models = {f"{flow}/{model}" for flow in flows for model in MODELS}
    assert set(found) == of_models | {"ingest/posts", "materialise/features", "release/all"}
    started_by_others = {name for name, plan in found.items() if plan.every is None}
    assert started_by_others == {f"{flow}/{model}" for flow in ("act", "retrain") for model in MODELS}


def test_two_sources_of_one_name_are_refused(source, tmp_path):
    other = write_yaml(tmp_path / "other", mapping(source="posts"))
    with pytest.raises(SettingsError, match="ingest/posts is there twice"):
        plans(settings(source, other))


def test_each_is_found_by_its_module_and_takes_its_parameters(source):
    for plan in plans(settings(source)):
        flow = load_flow_from_entrypoint(plan.entrypoint)
        assert flow.name == plan.flow
        flow.validate_parameters(plan.parameters)


def test_every_parameter_is_explained_in_the_run_form(source):
    for plan in plans(settings(source)):
        made = deployment(plan)
        assert made.entrypoint == plan.entrypoint and made.description == plan.about
        for name, about in made._parameter_openapi_schema.properties.items():
            assert about.get("description"), f"{plan.name}: {name}"
            assert "type" in about or "anyOf" in about, f"{plan.name}: {name}"


def test_schedules_are_utc_and_follow_the_settings(source):
    told = Schedules(score_minutes=20, delay_minutes=5, watch_hours=12)
    found = by_name(plans(settings(source, schedules=told, monitoring=Monitoring(window_days=0.5))))
    score = found["score/engagement"].schedule
    assert (score.interval, score.timezone) == (timedelta(minutes=20), "UTC")
    assert score.anchor_date == FIRST_MONDAY + timedelta(minutes=5)
    assert found["watch/sentiment"].every == timedelta(hours=12)
    assert found["monitor/sentiment"].every == timedelta(days=0.5), "no window is over between two looks"


def test_a_window_of_a_month_is_looked_for_daily(source):
    found = by_name(plans(settings(source, monitoring=Monitoring(window_days=28))))
    assert found["monitor/engagement"].every == timedelta(days=1), "a run that failed does not wait for the next month"


def test_what_a_person_paused_stays_so_when_a_runner_starts_again(source):
    score, act = (by_name(plans(settings(source)))[f"{flow}/engagement"] for flow in ("score", "act"))
    fresh = as_paused(deployment(score), None)
    assert [schedule.active for schedule in fresh.schedules] == [True]
    every = DeploymentSchedule(active=False, slug="score", schedule=fresh.schedules[0].schedule)
    about = {"name": "engagement", "flow_id": UUID(int=0)}
    made = as_paused(deployment(score), DeploymentResponse(**about, paused=False, schedules=[every]))
    assert ([schedule.active for schedule in made.schedules], made.paused) == ([False], False)
    assert as_paused(deployment(act), DeploymentResponse(**about, paused=True, schedules=[])).paused


def in_yaml(plan, source):
    """A plan as an entry of prefect.yaml."""
    names = {HOME: "{{ $TRIMTAB_HOME }}", str(source): "{{ $TRIMTAB_SOURCE }}"}
    every = plan.schedule and {
        "slug": plan.schedule.slug,
        "interval": plan.schedule.interval.total_seconds(),
        "anchor_date": plan.schedule.anchor_date.isoformat(),
        "timezone": plan.schedule.timezone,
    }
    entry = {
        "name": plan.subject,
        "entrypoint": plan.entrypoint,
        "description": plan.about,
        "tags": plan.tags,
        "parameters": {name: names.get(str(value), value) for name, value in plan.parameters.items()},
        "schedules": [every] if every else [],
        "concurrency_limit": {"limit": 1, "collision_strategy": plan.collision},
        "work_pool": {"name": "trimtab"},
    }
    if plan.flow == "act":
        made = automation(plan.subject, UUID(int=0))
        told = {"type", "expect", "match", "posture", "threshold", "within"}
        about = made.trigger.model_dump(mode="json", include=told)
        entry["triggers"] = [about | {"name": made.name, "expect": sorted(about["expect"])}]
    return entry


def test_the_yaml_for_those_with_a_prefect_of_their_own_says_the_same(source):
    kept = yaml.safe_load((ROOT / "infra" / "prefect.yaml").read_text(encoding="utf-8"))
    assert kept["deployments"] == [in_yaml(plan, source) for plan in plans(settings(source))]
