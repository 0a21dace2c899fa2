"""A PostgreSQL server of the tests' own: Debian's programs, a folder and a socket of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.support.programs import needs

# Into the database "walled" comes only who has a password, into any other everybody.
ACCESS = "local walled all scram-sha-256\nlocal all all trust\n"


class Server:
    """A running server. ``new()`` makes a database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def url(self, database: str, who: str = "grader") -> str:
        """A database's address as an instructor would write it."""
        return f"postgresql://{who}@/{database}?host={self.folder}"

    def sql(self, *statements: str, database: str = "postgres") -> list:
        """Run statements as the server's owner; the rows of the last one."""
        engine = create_engine(f"postgresql+psycopg://grader@/{database}?host={self.folder}")
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                done = [connection.execute(text(s)) for s in statements][-1]
                return list(done) if done.returns_rows else []
        finally:
            engine.dispose()

    def new(self, like: str = "template1") -> str:
        """A new database's address: an empty one, or one like another that is here, by its name."""
        self.count += 1
        self.sql(f"CREATE DATABASE class{self.count} TEMPLATE {like}")
        return self.url(f"class{self.count}")


def _program(name: str) -> str:
    """One of Debian's programs, which are not on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    needs(str(found[-1]) if found else name)
    return str(found[-1]) if found else name


def _as_server() -> list[str]:
    """PostgreSQL refuses to run as root. It ends with the tests, also where somebody kills them."""
    user = [] if os.geteuid() else ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", "--pdeathsig", "QUIT", *user]


def _ready(server: Server, process: subprocess.Popen[bytes]) -> Server:
    """The server, once it answers, with the users and the one walled database that the tests know."""
    until = time.monotonic() + 180
    while True:
        try:
            server.sql("CREATE ROLE ada LOGIN PASSWORD 'p@ss/w%rd'", "CREATE ROLE guest LOGIN")
            break
        except OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.05)
    server.sql("CREATE DATABASE walled OWNER ada")
    return server


@contextmanager
def running() -> Iterator[Server]:
    """A server that does without what makes it slow and safe; it is stopped and removed at the end."""
    initdb, postgres = _program("initdb"), _program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path must be short
    if not os.geteuid():
        shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o755)  # the tests come in over the socket

    try:
        with open(folder / "log", "w") as log, _started(initdb, postgres, folder, log) as process:
            try:
                yield _ready(Server(folder), process)
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: nobody needs what it holds
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _started(initdb: str, postgres: str, folder: Path, log: IO[str]) -> subprocess.Popen[bytes]:
    """The server, without what makes it slow and safe."""
    data = str(folder / "data")
    kinds = ["-U", "grader", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
    settings = ["-F", "-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "max_connections=40"]
    subprocess.run([*_as_server(), initdb, "-D", data, *kinds], check=True, cwd=folder, stdout=log, stderr=log)
    (folder / "data" / "pg_hba.conf").write_text(ACCESS)
    return subprocess.Popen([*_as_server(), postgres, "-D", data, *settings], cwd=folder, stdout=log, stderr=log)
