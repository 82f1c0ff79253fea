import re
from pathlib import Path

import pytest

from flows.receivers import receivers
from monitoring.telling import Message
from monitoring.troubles import Alert
from tests.integration.test_tell import NOW
from tests.listening import listening
from trimtab.settings import Alerts

DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"
MESSAGE = Message((Alert("test/1", "warning", "tiny", "It is a test.", NOW, 1),))


def addresses_in_docs():
    return sorted({*re.findall(r"[`\"](\w+://[^`\"]{8,})[`\"]", DOCS.read_text(encoding="utf-8"))})


@pytest.mark.parametrize("address", addresses_in_docs())
def test_every_address_in_the_docs_is_one_that_apprise_can_read(address):
    (receiver,) = receivers(Alerts(urls=(address,)))
    assert re.fullmatch(r"[a-z]+ [0-9a-f]{4}", receiver.name)


def test_the_docs_show_an_address_of_each_kind():
    schemes = {address.partition(":")[0] for address in addresses_in_docs()}
    assert {"slack", "mailto", "pagerduty", "json"} <= schemes


def test_receivers_of_one_scheme_have_names_of_their_own_that_hold_nothing_of_the_address():
    found = receivers(Alerts(urls=("json://a:pw1@one", "json://b:pw2@two", "json://a:pw1@one", "no address at all")))
    names = [receiver.name for receiver in found]
    assert len({*names}) == 4 and names[2] == f"{names[0]}/2" and names[3] == "unknown"
    assert not any(secret in name for name in names for secret in ("pw1", "pw2", "one", "two", "address"))


def test_a_new_password_is_the_same_receiver():
    names = {receivers(Alerts(urls=(f"json://ada:{word}@one/x",)))[0].name for word in ("pw1", "pw2")}
    assert len(names) == 1


def test_what_cannot_be_read_says_so_without_being_repeated():
    (receiver,) = receivers(Alerts(urls=("slakc://T1/hunter2",)))
    assert receiver.give(MESSAGE) == "has an address that apprise cannot read"


def test_a_receiver_that_refuses_did_not_take_it():
    with listening(403) as bad, listening() as good:
        refused, taken = (receivers(Alerts(urls=(f"json://{each.address}",)))[0] for each in (bad, good))
        assert refused.give(MESSAGE) == "did not take it"
        assert taken.give(MESSAGE) is None
        assert good.got[0]["title"] == "trimtab warning: tiny"
