"""What GitHub is told to do: workflows with few rights that call what exists, and forms that GitHub can show."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from oldest import oldest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from test_repository import PROJECT, ROOT, pins

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
each_form = pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)


def read(path: Path) -> dict:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if name is True else name: value for name, value in found.items()}  # YAML takes `on` for a yes


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow: dict) -> list[str]:
    return [step["run"] for step in steps(workflow) if "run" in step]


def test_the_workflows_are_those_we_mean():
    triggers = {path.stem: set(read(path)["on"]) for path in WORKFLOWS}
    assert triggers == {
        "book": {"push", "workflow_dispatch"},
        "tests": {"push", "pull_request", "workflow_dispatch"},
        "weekly": {"schedule", "workflow_dispatch"},
    }


@each_workflow
def test_a_workflow_may_only_read_but_for_the_job_that_publishes(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    asking = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    publishing = {"publish": {"pages": "write", "id-token": "write"}}
    assert asking == (publishing if path.stem == "book" else {})
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_a_workflow_stands_in_a_group_and_every_job_ends(path):
    workflow = read(path)
    assert workflow["concurrency"]["group"]
    assert [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job] == []


@each_workflow
def test_actions_are_githubs_own_and_pinned_to_a_major_version(path):
    used = [step["uses"] for step in steps(read(path)) if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []


def test_an_action_has_one_version_everywhere():
    used = {step["uses"] for path in WORKFLOWS for step in steps(read(path)) if "uses" in step}
    assert len({name.partition("@")[0] for name in used}) == len(used)


@each_workflow
def test_commands_are_targets_and_files_that_exist(path):
    for command in commands(read(path)):
        words = command.split()
        if words[0] == "make":
            assert words[1] in TARGETS, command
        for file in re.findall(r"[\w./-]+\.py", command):
            assert (ROOT / file).exists(), command


@each_workflow
def test_pythons_are_those_the_package_takes(path):
    text = path.read_text(encoding="utf-8")
    versions = re.findall(r'"(3\.\d+)"', text)
    assert versions
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(version) for version in versions)


def test_the_weekly_run_drops_every_pin_but_the_pages_own(tmp_path):
    (drop,) = [command for command in commands(read(ROOT / ".github/workflows/weekly.yml")) if "sed" in command]
    (tmp_path / "requirements.txt").write_text((ROOT / "requirements.txt").read_text())
    subprocess.run(drop, shell=True, check=True, cwd=tmp_path)
    lines = [line.split("#")[0].strip() for line in (tmp_path / "newest.txt").read_text().splitlines()]
    kept = {line.partition("==")[0] for line in lines if "==" in line}
    assert {line.partition("==")[0] for line in lines if line} == set(pins())
    assert {"jupyter-book", "Sphinx", "sphinx-book-theme"} <= kept
    assert kept.isdisjoint({"torch", "numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab", "pytest"})


def test_the_run_at_the_bounds_pins_what_the_package_names_as_low_as_it_says():
    lines = oldest().splitlines()
    lowered = dict(line.split("==") for line in lines if "==" in line and "#" not in line)
    for requirement in map(Requirement, PROJECT["dependencies"]):
        assert f">={lowered[requirement.name]}" in str(requirement.specifier).split(","), requirement
        assert lowered[requirement.name] != pins()[requirement.name], requirement
    assert lowered["pytest"] == pins()["pytest"]


# --- Forms -------------------------------------------------------------------------------------------

ATTRIBUTES = {  # by type of field: what GitHub takes beside `label` and `description`
    "input": {"placeholder"},
    "textarea": {"placeholder", "render"},
    "dropdown": {"options", "multiple"},
    "checkboxes": {"options"},
}


@each_form
def test_a_form_is_one_that_github_can_show(path):
    form = read(path)
    assert set(form) == {"name", "description", "title", "labels", "body"}
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids)
    for field in form["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"}, field["id"]
        assert field["attributes"]["label"], field["id"]
        assert set(field["attributes"]) <= ATTRIBUTES[field["type"]] | {"label", "description"}, field["id"]
    assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_there_is_a_form_for_each_kind_of_report():
    assert [read(path)["labels"] for path in FORMS] == [["text"], ["figure"], ["idea"]]


def test_the_forms_lead_to_the_guide():
    (link,) = read(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]
    assert link["url"] == f"{PROJECT['urls']['Repository']}/blob/main/CONTRIBUTING.md"
    assert (ROOT / "CONTRIBUTING.md").exists()
