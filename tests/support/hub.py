"""A JupyterHub of the tests' own, as root starts one: npm's proxy, a server for each user, OS users of their own.

The hub runs in namespaces of mounts and processes. There, and only there, /etc/passwd has the users of the course; the
files of each user belong to that user's number. All processes end with the test, and the machine is as it was.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

import requests

from grader.course import ROOT, CourseDirectory
from hub.jupyterhub_config import PAGE
from tests.support.container import needs_root
from tests.support.programs import cannot, needs

BIN = Path(sys.executable).parent
COURSE, GRADER = "rl-test", "grader-rl-test"
USERS = {GRADER: 61001, "grace": 61002, "ada": 61003, "ben": 61004}
PATIENCE = 240  # seconds for any state that a test waits for
TOKEN = "the-tests-own-token"
CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.authenticator_class = "dummy"  # any password
c.JupyterHub.services = [{{"name": "tests", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "groups", "tokens"]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": scopes}}]
c.Spawner.start_timeout = c.Spawner.http_timeout = {patience}  # the machine may be busy
load_subconfig("{checkout}/hub/jupyterhub_config.py")
"""


class Hub:
    """A running hub: requests of its users through its proxy, and commands as one of its OS users."""

    def __init__(self, world: Path, port: int) -> None:
        self.world, self.base = world, f"http://127.0.0.1:{port}"
        self.exchange, self.checkout = world / "exchange", world / "checkout"
        self.tokens = {"tests": TOKEN}
        self.sessions: dict[str, requests.Session] = {}

    def ask(self, who: str, path: str, data: Any = None, method: str = "") -> tuple[int, Any, Any]:
        """A user's request: status, headers, and the answer, parsed where it is JSON."""
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {self._token(who)}", "Content-Type": "application/json"}
        asked = Request(
            self.base + quote(path, safe="/?=&"), body, headers, method=method or ("POST" if body else "GET")
        )
        try:
            with urlopen(asked, timeout=PATIENCE) as answer:
                text, status, more = answer.read(), answer.status, answer.headers
        except HTTPError as error:
            text, status, more = error.read(), error.code, error.headers
        try:
            return status, more, json.loads(text)
        except ValueError:
            return status, more, text.decode(errors="replace")

    def get(self, who: str, path: str, data: Any = None, method: str = "") -> Any:
        """The answer to a request that must succeed."""
        status, _, answer = self.ask(who, path, data, method)
        assert status < 300, f"{path}: {status}\n{answer}\n{self.log()}"
        return answer

    def _token(self, who: str) -> str:
        if who not in self.tokens:
            self.tokens[who] = ""
            self.tokens[who] = self.get("tests", f"/hub/api/users/{who}/tokens", {"note": "tests"})["token"]
        return self.tokens[who]

    def formgrader(self, action: str) -> Any:
        """The instructor presses a button of the course's formgrader; nbgrader's log is shown if it did not succeed."""
        session, place = self.logged_in("grace"), f"/services/{COURSE}/"
        (xsrf,) = [c.value for c in session.cookies if (c.name, c.path) == ("_xsrf", place)]
        address = f"{self.base}{place}formgrader/api/{action}"
        answer = session.post(address, headers={"X-CSRFToken": xsrf or ""}, timeout=PATIENCE)
        assert answer.ok, f"{action}: {answer.status_code}\n{answer.text}\n{self.log()}"
        done = answer.json()
        assert done["success"], f"{action}: {done.get('error')}\n{done.get('log')}\n{self.log()}"
        return done

    def logged_in(self, who: str) -> requests.Session:
        """What a browser is after a user has logged in and opened the formgrader: cookies, and no token of the API."""
        if who not in self.sessions:
            session = self.sessions[who] = requests.Session()
            session.get(f"{self.base}/hub/login", timeout=PATIENCE).raise_for_status()
            form = {"username": who, "password": "any", "_xsrf": session.cookies.get("_xsrf")}
            session.post(
                f"{self.base}/hub/login", data=form, allow_redirects=False, timeout=PATIENCE
            ).raise_for_status()
            page = session.get(f"{self.base}/services/{COURSE}{PAGE}", timeout=PATIENCE)
            assert page.ok, f"{who} cannot log in: {page.status_code}\n{page.text[:2000]}\n{self.log()}"
        return self.sessions[who]

    def start_server(self, who: str) -> None:
        """Start a user's server; it may take a while until it is there."""
        self.get("tests", f"/hub/api/users/{who}/server", {})

    def wait_for_server(self, who: str) -> None:
        """Wait until the hub says that a user's server is there."""
        self.wait(lambda: self.get("tests", f"/hub/api/users/{who}")["servers"].get("", {}).get("ready"), f"{who}'s")

    def wait(self, state: Any, what: str) -> None:
        """Wait for a state."""
        until = time.monotonic() + PATIENCE
        while not state():
            assert time.monotonic() < until, f"{what} did not come\n{self.log()}"
            time.sleep(0.1)

    def as_user(self, who: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as one of the OS users."""
        number = str(USERS[who])
        us = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--no-new-privs"]
        return subprocess.run([*us, *words], cwd="/", capture_output=True, text=True, check=False)

    def log(self) -> str:
        """The end of the hub's log."""
        return (self.world / "hub" / "log").read_text(errors="replace")[-6000:]


def needs_hub() -> None:
    """Skip, and say why, where no hub can run; in CI fail."""
    needs_root()
    needs("unshare", "setpriv", "node")
    if not (BIN / "jupyterhub").exists():
        cannot("jupyterhub is not installed: run `make setup`")
    if not (BIN / "configurable-http-proxy").exists():
        cannot("JupyterHub's proxy is missing: run `make proxy`, which needs npm (Debian: apt-get install npm)")


@contextmanager
def running(course: CourseDirectory) -> Iterator[Hub]:
    """A hub with the course in it: its release, its gradebook, an instructor and two students."""
    needs_hub()
    world = Path(tempfile.mkdtemp(prefix="hub-", dir="/tmp"))
    try:
        public, hub, proxy, service = _free_ports(4)
        _fill(world, course, service)
        words = {"public": public, "hub": hub, "proxy": proxy, "token": TOKEN, "patience": PATIENCE}
        (world / "hub" / "jupyterhub_config.py").write_text(CONFIG.format(**words, checkout=world / "checkout"))
        made = Hub(world, public)
        with _started(world) as process:
            made.wait(lambda: _answers(made, process), "the hub")
            yield made
    finally:
        shutil.rmtree(world, ignore_errors=True)


def _answers(hub: Hub, process: subprocess.Popen[bytes]) -> bool:
    """Whether hub and formgrader answer; a hub that has ended never will."""
    assert process.poll() is None, f"the hub ended\n{hub.log()}"
    try:
        return hub.ask("tests", "/hub/api/users")[0] == 200 and (
            hub.ask("grace", f"/services/{COURSE}/api/status")[0] == 200
        )
    except (URLError, ConnectionError):
        return False


def _fill(world: Path, course: CourseDirectory, port: int) -> None:
    """Make the folders of the hub's users and of the course, as docs/jupyterhub.md says."""
    world.chmod(0o755)
    (world / "hub").mkdir(mode=0o700)
    (world / "etc").mkdir()
    for name, form in (("passwd", "{u}:x:{n}:{n}::{h}:/bin/sh\n"), ("group", "{u}:x:{n}:\n")):
        more = "".join(form.format(u=u, n=n, h=world / "home" / u) for u, n in USERS.items())
        (world / "etc" / name).write_text(Path("/etc", name).read_text().rstrip("\n") + "\n" + more)
    for user, number in USERS.items():
        (home := world / "home" / user).mkdir(parents=True)
        home.chmod(0o700)
        os.chown(home, number, number)
    (world / "open").mkdir()
    (world / "open").chmod(0o777)
    (world / "exchange" / COURSE).mkdir(parents=True)
    (world / "exchange").chmod(0o1777)
    os.chown(world / "exchange" / COURSE, USERS[GRADER], USERS[GRADER])
    shutil.copytree(ROOT / "hub" / "student", world / "student")
    _check_out(world / "checkout", course)
    (world / "hub" / "courses.json").write_text(json.dumps(_courses(world, port)))


def _courses(world: Path, port: int) -> dict[str, Any]:
    own = {"checkout": str(world / "checkout"), "user": GRADER, "port": port}
    course = {**own, "instructors": ["grace"], "students": ["ada", "ben"]}
    settings = {"exchange": str(world / "exchange"), "student_settings": str(world / "student")}
    return {**settings, "courses": {COURSE: course}}


def _check_out(folder: Path, course: CourseDirectory) -> None:
    """Make the course's checkout: built, closed to students, and its grader's own."""
    folder.mkdir()
    for name in ("grader", "solutions", "src", "hub"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.egg-info"))
    shutil.copytree(course.work, folder / "build")
    shutil.copytree(course.release, folder / "course")
    (folder / ".venv").symlink_to(sys.prefix)
    subprocess.run(["chown", "-R", f"{USERS[GRADER]}:{USERS[GRADER]}", str(folder)], check=True)
    folder.chmod(0o700)


@contextmanager
def _started(world: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the hub in its namespaces; end it with all its servers."""
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    clean = {
        "PATH": f"{BIN}:{node}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(world / "hub"),
        "OMP_NUM_THREADS": "1",
    }
    env = {**clean, "GRADSCHOOL_COURSES": str(world / "hub" / "courses.json")}
    alone = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    script = "\n".join(["set -e", *_mounts(world), f"exec {shlex.quote(str(BIN / 'jupyterhub'))}"])
    with ExitStack() as stack:
        log = stack.enter_context(open(world / "hub" / "log", "wb"))
        hub = subprocess.Popen([*alone, "sh", "-c", script], cwd=world / "hub", env=env, stdout=log, stderr=log)
        try:
            yield hub
        finally:
            hub.send_signal(signal.SIGKILL)
            hub.wait()


def _mounts(world: Path) -> Iterator[str]:
    """The users, and a way to this Python for them, where a folder above it is closed to others (/root)."""
    for name in ("passwd", "group"):
        yield f"mount --bind {world}/etc/{name} /etc/{name}"
    needed = {Path(sys.prefix), Path(sys.base_prefix).resolve(), ROOT / "src"}
    closed = {p: a for p in needed if (a := _closed_above(p))}
    for i, place in enumerate(closed):
        yield f"mkdir -p {world}/kept/{i} && mount --bind {shlex.quote(str(place))} {world}/kept/{i}"
    for folder in {*closed.values()}:
        yield f"mount -t tmpfs -o mode=755 open {shlex.quote(str(folder))}"
    for i, place in enumerate(closed):
        yield f"mkdir -p {shlex.quote(str(place))} && mount --bind {world}/kept/{i} {shlex.quote(str(place))}"


def _closed_above(place: Path) -> Path | None:
    """The topmost folder above this one that other users cannot enter."""
    return next((a for a in [*place.parents][::-1] if not a.stat().st_mode & 0o001), None)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]
