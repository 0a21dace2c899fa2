"""Other places to open the course: the dev container, badges for Colab and Binder, and the matrix of Pythons."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from jsonschema import Draft202012Validator

from bench import matrix, versions
from grader.course import ROOT, lessons
from grader.errors import GraderError
from grader.publish.badges import badges

TEXT = {"type": "string", "minLength": 1}
OURS = {  # the properties that we use of a dev container's, as containers.dev describes them
    "type": "object",
    "required": ["name", "image"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "image": TEXT,
        "postCreateCommand": {"type": ["string", "array", "object"]},
        "hostRequirements": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cpus": {"type": "integer", "minimum": 1},
                "memory": {"type": "string", "pattern": r"^\d+([tgmk]b)?$"},
            },
        },
        "customizations": {"type": "object"},
    },
}


def dev_container() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    return found


def test_the_dev_container_has_the_properties_of_its_schema() -> None:
    Draft202012Validator(OURS).validate(dev_container())


@pytest.mark.parametrize("broken", [{"imge": "x"}, {"hostRequirements": {"memory": "4 GB"}}, {"image": 3}], ids=str)
def test_a_property_that_a_dev_container_lacks_is_noticed(broken: dict[str, Any]) -> None:
    assert list(Draft202012Validator(OURS).iter_errors({**dev_container(), **broken}))


def test_the_dev_container_installs_the_tested_versions_of_its_own_python() -> None:
    found = dev_container()
    version = re.search(r"python:(\d)\.(\d+)$", found["image"])
    assert version is not None
    held = f"constraints/py{version[1]}{version[2]}.txt"
    assert held in found["postCreateCommand"]
    for file in (held, "postBuild"):
        assert (ROOT / file).is_file()
    subprocess.run(["bash", "-n", "-c", found["postCreateCommand"]], check=True)


def linked(line: str) -> list[str]:
    return re.findall(r"\]\((https://[^)\s]+)\)(?!\])", line)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda c: c.assignment_id)
def test_badges_lead_to_files_that_exist(lesson: Any) -> None:
    colab, binder = map(urlsplit, linked(badges("ada/grad.school", lesson, "v1/next")))
    assert colab.netloc == "colab.research.google.com"
    begin, _, file = unquote(colab.path).partition("/blob/v1/next/")
    assert begin == "/github/ada/grad.school"
    assert (ROOT / file).is_file()
    assert (binder.netloc, binder.path) == ("mybinder.org", "/v2/gh/ada/grad.school/v1%2Fnext")
    (opened,) = parse_qs(binder.query, strict_parsing=True)["urlpath"]
    assert opened == f"lab/tree/{file}"


@pytest.mark.parametrize("name", ["grad-school", "https://github.com/a/b", "a/b/c", "a b/c", "-a/b", ""])
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(GraderError, match="name it as OWNER/NAME"):
        badges(name, lessons()[0])


def test_the_matrix_names_every_python_with_constraints_but_the_one_that_is_resolved_alone() -> None:
    files = {matrix.constraints_for(p.removeprefix("python").replace(".", "")).name for p in matrix.PYTHONS}
    assert files | {"py314.txt"} == {f.name for f in (ROOT / "constraints").glob("py*.txt")}
    assert f"MATRIX ?= {' '.join(matrix.PYTHONS)}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_a_python_that_is_missing_counts_as_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["python3.99"]) == 1
    assert "python3.99: not on this machine, so not tried" in capsys.readouterr().out


def test_a_chapter_that_fails_fails_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "make_environment", lambda python: Path(sys.executable))
    monkeypatch.setattr(matrix, "said_by", lambda python, *words: f"{Path(sys.executable).parents[1]}/bin/python")
    monkeypatch.setattr(versions, "run_chapter", lambda own, one, quick: "" if one.key == "chain" else "not passed")
    assert matrix.main([sys.executable, "--chapter", "1"]) == 0
    assert matrix.main([sys.executable]) == 1
