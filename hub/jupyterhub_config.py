"""JupyterHub's configuration for courses: each one's formgrader, its two groups, and the settings of students' servers.

JupyterHub reads this file as a part of its own configuration; `docs/jupyterhub.md` says how. What differs from one hub
to another is in a file of JSON, `/etc/gradschool/courses.json` or what ``GRADSCHOOL_COURSES`` names; an example lies
next to this file. It uses no package but traitlets, since the hub has an environment of its own.
"""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

FILE = Path(os.environ.get("GRADSCHOOL_COURSES", "/etc/gradschool/courses.json"))
HUB_KEYS: dict[str, type] = {"exchange": str, "student_settings": str, "courses": dict}
COURSE_KEYS: dict[str, type] = {"checkout": str, "user": str, "port": int, "instructors": list, "students": list}
NAME = re.compile(r"[a-z][a-z0-9_-]{1,60}[a-z0-9]")  # a course's: part of an address, of groups and of a role
PAGE = "/formgrader/manage_assignments"


def read_courses(file: Path) -> dict[str, Any]:
    """Return what the file says; end with one sentence if it is missing or wrong."""
    try:
        hub = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise refused(file, f"cannot be read ({error.strerror}); begin with hub/courses.example.json") from error
    except ValueError as error:
        raise refused(file, f"is not JSON ({error})") from error
    _require_keys(file, "", hub, HUB_KEYS)
    for name, course in hub["courses"].items():
        if not NAME.fullmatch(name):
            raise refused(file, f"names a course {name!r}: use lowercase letters, digits, - and _")
        _require_keys(file, f"{name}: ", course, COURSE_KEYS)
    ports = [course["port"] for course in hub["courses"].values()]
    if len({*ports}) < len(ports):
        raise refused(file, "gives one port to two courses")
    return dict(hub)


def refused(file: Path, why: str) -> SystemExit:
    """Return what ends the hub's start with one sentence."""
    return SystemExit(f"gradschool: {file} {why}.")


def _require_keys(file: Path, where: str, given: Any, keys: dict[str, type]) -> None:
    """End with a sentence unless ``given`` has these keys, and no others, with values of these types."""
    if not isinstance(given, dict):
        raise refused(file, f"{where}is not an object with {', '.join(keys)}")
    for key in [*keys, *given]:
        if key not in given:
            raise refused(file, f"{where}lacks {key!r}")
        if key not in keys:
            raise refused(file, f"{where}has {key!r}, which is none of {', '.join(keys)}")
        if not isinstance(given[key], keys[key]):
            raise refused(file, f"{where}has another type of {key!r} than the example")


def require_closed(file: Path, name: str, checkout: Path, user: str) -> None:
    """End with a sentence if students could read the checkout, where solutions and marks are, or its grader cannot."""
    try:
        mode, owner = stat.S_IMODE(checkout.stat().st_mode), checkout.owner()
    except (OSError, KeyError) as error:
        raise refused(file, f"{name}: {checkout} cannot be used ({error})") from error
    if owner != user:
        raise refused(file, f"{name}: {checkout} belongs to {owner}; run `chown -R {user} {checkout}`")
    if mode & 0o077:
        raise refused(file, f"{name}: other users can enter {checkout}, with the solutions; run `chmod 700 {checkout}`")
    if not (checkout / ".venv" / "bin" / "jupyterhub-singleuser").exists():
        raise refused(file, f"{name}: {checkout} is not set up; run `make setup` there as {user}")


def service(name: str, course: dict[str, Any], exchange: str) -> dict[str, Any]:
    """Return a course's formgrader: a server of the course's own OS user, at /services/NAME, in a tab of its own."""
    checkout = course["checkout"]
    server = [f"{checkout}/.venv/bin/jupyterhub-singleuser", f"--ServerApp.root_dir={checkout}"]
    return {
        "name": name,
        "url": f"http://127.0.0.1:{course['port']}",
        "command": [*server, f"--ServerApp.default_url={PAGE}"],
        "user": course["user"],
        "cwd": checkout,
        "environment": {
            "JUPYTER_CONFIG_PATH": f"{checkout}/hub/formgrader",
            "GRADSCHOOL_EXCHANGE": exchange,
            "GRADSCHOOL_HUB_COURSE": name,
        },
        "oauth_no_confirm": True,
    }


def add_courses(c: Any, hub: dict[str, Any]) -> None:
    """Add the courses to a hub's configuration, and keep what is there."""
    for name, course in hub["courses"].items():
        graders, students = f"formgrade-{name}", f"nbgrader-{name}"
        c.JupyterHub.services.extend([service(name, course, hub["exchange"])])
        c.JupyterHub.load_groups.update(
            {graders: {"users": course["instructors"]}, students: {"users": course["students"]}}
        )
        c.JupyterHub.load_roles.extend(
            [{"name": graders, "groups": [graders], "scopes": [f"access:services!service={name}"]}]
        )
        c.Authenticator.allowed_users.update({*course["instructors"], *course["students"]})
    # nbgrader asks the hub, as the user's server, for the user's groups.
    server = ["users:activity!user", "access:servers!server", "read:users:groups!user"]
    c.JupyterHub.load_roles.extend([{"name": "server", "scopes": server}])
    own = {"JUPYTER_CONFIG_PATH": hub["student_settings"], "GRADSCHOOL_EXCHANGE": hub["exchange"]}
    c.Spawner.environment.update(own)


if "get_config" in globals():  # JupyterHub reads the file; a test imports it
    courses = read_courses(FILE)
    for name, course in courses["courses"].items():
        require_closed(FILE, name, Path(course["checkout"]), course["user"])
    add_courses(get_config(), courses)  # type: ignore[name-defined]  # noqa: F821  # traitlets puts it there
