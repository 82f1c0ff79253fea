"""An incident looked at afterwards, as people do: in a browser, on a stack started by `trimtab up`.

Screenshots go to TRIMTAB_SCREENSHOTS, or beside the test's other files.
"""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.journey.incident import REASON, live_through, stack_of
from tests.living import NAME

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
WAIT_MS = 120_000  # on a machine that does much else
PHONE = {"width": 360, "height": 740}
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no browser; install Chromium, as by apt-get install chromium"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with stack_of(tmp_path_factory.mktemp("incident")) as found:
        live_through(found)
        yield found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    named = os.environ.get("TRIMTAB_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield found
        found.close()


@pytest.fixture
def page(browser):
    """A tab of a desktop."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield context.new_page()


def shows(page, *texts):
    """Wait until a person reads each of them, in this order, somewhere on the page."""
    for text in texts:
        expect(page.locator("body")).to_contain_text(text, use_inner_text=True)
    said, at = page.locator("body").inner_text(), 0
    for text in texts:
        assert said.find(text, at) >= 0, f"{text!r} does not come after what is before it: {said}"
        at = said.find(text, at)


def pictured(page, path, full_page=True):
    """Once what moves has come to rest: two pictures in a row are the same."""
    taken = [b"", page.screenshot(full_page=full_page, animations="disabled")]
    while taken[-1] != taken[-2] and len(taken) < 20:
        page.wait_for_timeout(200)
        taken.append(page.screenshot(full_page=full_page, animations="disabled"))
    path.write_bytes(taken[-1])


def run_id(stack, flow):
    """Of the newest run of the flow."""
    return str(next(run for run in stack.finished() if run.name.startswith(f"{flow} ")).id)


def test_the_status_page_says_how_the_model_is_and_tells_the_incident_from_data_to_rollback(stack, page, pictures):
    page.goto(stack.at.page)
    pictured(page, pictures / "page.png")
    assert page.get_by_role("heading", level=1).inner_text() == "How the models are"
    lead = page.locator(".lead").inner_text()
    assert "is back at version 1, since version 2 was taken back" in lead and "Version 1 answers since" in lead
    card = page.locator(f"#{NAME}").inner_text()
    assert "Last decision" in card and "A new version is to be made." in card
    assert "version 2, which was taken back" in card, "what became of it"
    told = [line.inner_text() for line in page.locator("#history .steps > li").all()]
    story = [  # of the day of the decision, and of the day on which all of it was done
        [
            "Decision A new version is to be made",
            "New version Version 2 was made",
            "Gates Version 2 passed every check",
        ],
        ["Promotion Version 2 answers now in place of version 1"],
        ["Alert Tiny 2 serves in place of 1", "Rollback Version 2 was taken back; version 1 answers again"],
        ["Alert Tiny 2 was taken back by command line and version 1 serves again"],
    ]
    for line in [line for part in story for line in part]:
        assert any(step.startswith(line) for step in told), f"{line!r} is not among {told}"
    assert any(step.startswith("Alert") and "a challenger is to be trained" in step for step in told), told


def test_every_step_of_the_story_opens_with_the_keyboard_and_says_why(stack, page, pictures):
    page.goto(stack.at.page)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the models"
    outline = "e => getComputedStyle(e).outlineStyle"
    step = page.locator("#history summary", has_text="Version 2 was taken back")
    for _ in range(100):
        if step.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
        assert page.locator(":focus").evaluate(outline) != "none", "where the focus is must be seen"
    page.keyboard.press("Enter")
    pictured(page, pictures / "page_keyboard.png", full_page=False)
    opened = page.locator("#history details[open]")
    assert REASON in opened.inner_text().replace("The drill", "the drill")
    assert opened.get_by_role("link").count() > 0, "and where to look"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll_in_light_and_dark(stack, browser, pictures, scheme):
    with browser.new_context(viewport=PHONE, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(stack.at.page)
        pictured(page, pictures / f"page_phone_{scheme}.png")
        width = "document.documentElement.scrollWidth"
        assert page.evaluate(width) <= PHONE["width"]
        for details in page.locator("details").all():
            details.evaluate("e => e.open = true")
        assert page.evaluate(width) <= PHONE["width"], "with everything opened"
        red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (red + green + blue > 600) == (scheme == "light")


def test_prefect_shows_the_run_that_the_drift_started_and_what_it_made(stack, page, pictures):
    page.goto(f"{stack.at.prefect}/runs/flow-run/{run_id(stack, 'act')}")
    shows(page, f"act {NAME}", "Completed", f"trimtab: act on {NAME}")
    pictured(page, pictures / "prefect_act.png")
    page.get_by_text("Subflow Runs", exact=True).click()
    page.get_by_role("link", name=f"retrain {NAME} to").first.click()
    shows(page, f"retrain {NAME} to", "Parent Run")
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_role("link", name=f"{NAME}-challenger").click()
    shows(page, "tiny 2 serves", "Challenger 2 beats champion 1", "Gates", "loads", "passed")
    pictured(page, pictures / "prefect_challenger.png")


def test_prefect_shows_the_decision_and_the_windows_table(stack, page, pictures):
    page.goto(f"{stack.at.prefect}/runs/flow-run/{run_id(stack, 'monitor')}")
    page.get_by_text("Artifacts", exact=True).last.click()
    pictured(page, pictures / "prefect_artifacts.png")
    page.goto(f"{stack.at.prefect}/artifacts/key/{NAME}-decision")
    shows(page, f"The decision on the window of {NAME} up to", "retrain")
    page.goto(f"{stack.at.prefect}/artifacts/artifact/{stack.artifact(f'{NAME}-decision')}")
    shows(page, f"{NAME} version 1: retrain", "Why", "a retrain on posts since", "What would change it")
    pictured(page, pictures / "prefect_decision.png")
    page.goto(f"{stack.at.prefect}/artifacts/artifact/{stack.artifact(f'{NAME}-window')}")
    shows(page, "Everything that was measured of the window", "drift topic_mean_28d")
    pictured(page, pictures / "prefect_window.png")


def test_prefect_lists_the_deployments_and_its_run_form_explains_each_parameter(stack, page, pictures):
    page.goto(f"{stack.at.prefect}/deployments")
    for flow in ("ingest", "score", "monitor", "watch", "stale", "act", "retrain", "materialise", "release"):
        expect(page.get_by_role("link", name=flow, exact=True).first).to_be_visible()
    pictured(page, pictures / "prefect_deployments.png")
    page.goto(f"{stack.at.prefect}/deployments/deployment/{stack.deployment(f'retrain/{NAME}')}/run")
    shows(
        page, "model", "Name of the model.", "as_of", "Learn from what was known by then (UTC). Empty: now.",
        "reason", "Why, in words; kept with the version.",
    )  # fmt: skip
    pictured(page, pictures / "prefect_form.png")


def test_prefect_shows_the_automation(stack, page, pictures):
    page.goto(f"{stack.at.prefect}/automations")
    shows(
        page,
        f"trimtab: act on {NAME}",
        f"A decision on {NAME} that asks for something is carried out",
        "Run deployment",
    )
    pictured(page, pictures / "prefect_automations.png")


def test_mlflow_tells_the_life_of_the_promoted_version(stack, page, pictures):
    page.goto(f"{stack.at.mlflow}/#/models/{NAME}/versions/2")
    shows(page, "Version 2", "Rolled back on", REASON, "Champion since", "Challenger 2 beats champion 1", "gate")
    pictured(page, pictures / "mlflow_version.png")


def test_evidently_has_the_models_project_with_its_series(stack, page, pictures):
    page.goto(stack.at.evidently)
    shows(page, NAME, "Windows of the tiny model as trimtab judged them")
    page.get_by_text(NAME, exact=True).first.click()
    shows(
        page,
        "Loss of each window",
        "calculated loss",
        "Evidence, as a share of the alarm's limit",
        "Posts of each window",
    )
    pictured(page, pictures / "evidently.png")


def test_the_event_that_was_sent_five_times_started_one_retrain(stack):
    kinds = [entry.kind for entry in stack.stores.ledger.entries(NAME)]
    assert (kinds.count("retrain_started"), kinds.count("acted")) == (1, 1)
    assert len(stack.stores.registry.versions(NAME)) == 2
