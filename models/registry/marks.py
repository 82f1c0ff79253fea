"""What people and programs leave on a version in MLflow: its tags; and what its run was told."""

from models.registry.versions import Registry
from trimtab.errors import RegistryError


def tags_of(registry: Registry, name: str, version: str) -> dict[str, str]:
    """Every tag of a version that is there."""
    registry.info(name, version)
    with registry.store.spoken():
        return dict(registry.store.client.get_model_version(name, version).tags)


def set_tag(registry: Registry, name: str, version: str, tag: str, value: str | None) -> None:
    """Set a tag of a version that is there, or take it off."""
    client = registry.store.client
    with registry.store.spoken():
        if value is not None:
            client.set_model_version_tag(name, version, tag, value)
        elif tag in client.get_model_version(name, version).tags:
            client.delete_model_version_tag(name, version, tag)


def params_of(registry: Registry, name: str, version: str) -> dict[str, str]:
    """The parameters of a version's run, as MLflow shows them; {} where the run was removed."""
    run = registry.info(name, version).run_id
    try:
        with registry.store.spoken():
            return dict(registry.store.client.get_run(run).data.params)
    except RegistryError:
        return {}
