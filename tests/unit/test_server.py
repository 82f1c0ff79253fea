"""The Prefect server of `trimtab up` and that of a single command."""

from pathlib import Path

from flows import server
from infra.parts import prefect
from infra.ports import Choice
from trimtab.settings import Settings

HOME = Path("/srv/home")


def test_both_servers_on_one_database_have_the_same_settings():
    up, alone = prefect(Settings(home=HOME), Choice(4200, 4200)), server.environment(HOME / "prefect")
    assert {name: up.environment[name] for name in alone} == alone
    assert up.command == server.command("127.0.0.1", 4200)
    assert "lease_storage.filesystem" in alone["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"]


def test_no_file_of_the_current_folder_stands_in_for_a_library():
    assert "-P" in server.command("127.0.0.1", 4200)
