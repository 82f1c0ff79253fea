"""MLflow's server, started past its own command."""

from mlflow.environment_variables import _MLFLOW_IN_JOB_EXECUTOR, _MLFLOW_SGI_NAME, MLFLOW_ENABLE_WORKSPACES
from mlflow.server import constants

from models.registry.server import environment
from models.registry.store import Store


def test_the_variables_are_those_that_this_mlflow_reads(tmp_path):
    store = Store(tmp_path)
    told = environment(store)
    assert told[constants.BACKEND_STORE_URI_ENV_VAR] == told[constants.REGISTRY_STORE_URI_ENV_VAR] == store.uri
    assert told[constants.ARTIFACT_ROOT_ENV_VAR] == f"file://{tmp_path}/artifacts"
    assert {_MLFLOW_SGI_NAME.name, _MLFLOW_IN_JOB_EXECUTOR.name, MLFLOW_ENABLE_WORKSPACES.name} <= set(told)
