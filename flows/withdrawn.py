"""Deployments of a home whose model or source is no longer in its settings: nobody would run what they schedule."""

from collections.abc import Collection
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import DeploymentSort

from flows.automations import take_away
from flows.deployments import TAG
from flows.outcome import note_withdrawn

PAGE = 200


async def withdraw(client: PrefectClient, home: str, kept: Collection[UUID]) -> list[str]:
    """Delete those of `home` that are not among `kept`, and the automations of their models; returns their names.

    What was failing of them is over with that.
    """
    gone = [made for made in await _ours(client) if made.parameters.get("home") == home and made.id not in kept]
    for made in gone:
        if _flow(made) == "act":
            await take_away(client, made.name)
        note_withdrawn(Path(home), _flow(made), made.name)
        await client.delete_deployment(made.id)
    return [f"{_flow(made)}/{made.name}" for made in gone]


async def _ours(client: PrefectClient) -> list[DeploymentResponse]:
    wanted, found = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])), list[DeploymentResponse]()
    while True:
        page = await client.read_deployments(
            deployment_filter=wanted, limit=PAGE, offset=len(found), sort=DeploymentSort.NAME_ASC
        )
        found += page
        if len(page) < PAGE:
            return found


def _flow(made: DeploymentResponse) -> str:
    return (made.entrypoint or "").rpartition(".")[2]
