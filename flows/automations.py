"""An event of a decision starts the flow that carries it out: one automation a model, made or put right by its name."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.client.orchestration import PrefectClient
from prefect.events.actions import RunDeployment

from flows.announce import EVENT, RESOURCE
from monitoring.due import ACTIONS

QUIET = timedelta(seconds=60)  # in which further events about a model start nothing: the run that starts sees them all


def name_of(model: str) -> str:
    return f"trimtab: act on {model}"


def automation(model: str, deployment_id: UUID) -> AutomationCore:
    """Starts the deployment act/<model> on a decision that asks for something."""
    return AutomationCore(
        name=name_of(model),
        description=f"A decision on {model} that asks for something is carried out: this starts act/{model}. "
        "What to do is in the ledger.",
        trigger=EventTrigger(
            expect={f"{EVENT}.{action}" for action in ACTIONS},
            match={"prefect.resource.id": f"{RESOURCE}.{model}"},
            posture=Posture.Reactive,
            threshold=1,
            within=QUIET,
        ),
        actions=[RunDeployment(deployment_id=deployment_id)],
        tags=["trimtab", model],
    )


async def put_in_place(client: PrefectClient, acts: Mapping[str, UUID]) -> None:
    """An automation for each model; `acts` has the id of its deployment by model. One that a person paused stays so."""
    for model, deployment_id in acts.items():
        wanted = automation(model, deployment_id)
        kept = await client.read_automations_by_name(wanted.name)
        if not kept:
            await client.create_automation(wanted)
            continue
        enabled = kept[0].enabled
        await client.update_automation(kept[0].id, wanted.model_copy(update={"enabled": enabled}))
        for other in kept[1:]:
            await client.delete_automation(other.id)


async def take_away(client: PrefectClient, model: str) -> None:
    """For a model that is no longer there."""
    for kept in await client.read_automations_by_name(name_of(model)):
        await client.delete_automation(kept.id)
