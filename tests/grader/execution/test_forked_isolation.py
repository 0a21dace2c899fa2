"""What a forked kernel sees of the fork server, of other kernels and of earlier students: nothing."""

from __future__ import annotations

import os

import pytest

from tests.support.running_kernels import COLD, ask, kernels

pytestmark = pytest.mark.slow


def test_it_is_to_a_student_what_a_cold_kernel_is() -> None:
    """The same variables, paths, limits, rights, mounts to write to and files in sight in both ways to start."""
    text = (
        "import os, resource, signal, sys\n"
        "status = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
        "names = ('Pid', 'PPid', 'Umask', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb', 'CapBnd', 'NoNewPrivs', 'Seccomp', "
        "'Groups', 'SigIgn', 'SigBlk')\n"
        "print({n: status[n].strip() for n in names})\n"
        "print({n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith('RLIMIT')})\n"
        "of_imports = ('PYGAME_HIDE_SUPPORT_PROMPT', 'TORCHINDUCTOR_CACHE_DIR', 'PYDEVD_USE_FRAME_EVAL')\n"
        "print(sorted((k, v) for k, v in os.environ.items() if k not in of_imports))\n"
        "print(os.getcwd(), os.uname().nodename, sys.argv, sys.flags, [p for p in sys.path if p])\n"
        "print({p: sorted(os.listdir(p)) for p in ('/', '/tmp', '/run/gradschool', '/dev', '/dev/shm', '/etc', '.')})\n"
        "print(sorted(m for m in os.listdir('/proc') if m.isdigit()), __name__, signal.getsignal(signal.SIGINT))\n"
        "print({tuple(l.split()[1:3]) for l in open('/proc/mounts') if l.split()[3].startswith('rw')} - "
        "{('/dev/' + n, 'devtmpfs') for n in os.listdir('/dev')} == {('/tmp', 'tmpfs'), ('/dev/shm', 'tmpfs'), "
        "('/dev/pts', 'devpts')} or open('/proc/mounts').read())\n"
        "print(open('/proc/self/oom_score_adj').read())\n"
        "print({l.split()[3] for l in open('/proc/mounts') if 'nr_inodes=2' in l})"
    )
    ((forked,),) = ask(text)

    with kernels(config=COLD) as (kernel,):
        assert kernel.attempt == "cold"
        cold = kernel.run(text).replace(
            "'/run/gradschool': ['connection.json', 'judge']", "'/run/gradschool': ['judge']"
        )
    for ours, theirs in zip(forked.splitlines(), cold.splitlines(), strict=True):
        assert ours == theirs


def test_two_kernels_of_one_server_do_not_see_each_other() -> None:
    """Files, memory that is shared by name, sockets, terminals and processes of one, looked for in the other."""
    leave = (
        "import os, socket, subprocess, sys, time\n"
        "for place in ('/tmp', '/dev/shm', '/tmp/home', '/tmp/home/matplotlib'):\n"
        "    open(place + '/left-behind', 'w').write('mine')\n"
        "abstract = socket.socket(socket.AF_UNIX); abstract.bind('\\0left-behind'); abstract.listen()\n"
        "web = socket.create_server(('127.0.0.1', 4711))\n"
        "main, terminal = os.openpty()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(os.getuid(), os.ttyname(terminal))"
    )
    look = (
        "import os, socket\n"
        "tops = ('/tmp', '/dev/shm', '/run')\n"
        "found = [d for top in tops for d, _, files in os.walk(top) if 'left-behind' in files]\n"
        "for family, address in ((socket.AF_UNIX, '\\0left-behind'), (socket.AF_INET, ('127.0.0.1', 4711))):\n"
        "    try: socket.socket(family).connect(address); found.append(str(address))\n"
        "    except OSError: pass\n"
        "found += [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 2]\n"
        "found += [t for t in os.listdir('/dev/pts') if t.isdigit()]\n"
        "print(found, os.getuid())"
    )

    with kernels(2) as (one, other):
        assert one.attempt == other.attempt == "forked"
        user, terminal = one.run(leave).split()
        assert terminal == "/dev/pts/0"
        shown = other.run(look)
        assert shown.startswith("[] "), shown
        if os.geteuid() == 0:
            assert shown.split()[-1] != user
        assert "/dev/shm" in one.run(look), "the look itself is blind"


def test_nothing_that_can_be_written_to_is_shared() -> None:
    """Every folder in sight, tried: what one kernel writes is gone, or the other's own, in the next."""
    write = (
        "import os\nwritten = []\n"
        "for place, folders, _ in os.walk('/'):\n"
        "    folders[:] = [f for f in folders if os.path.join(place, f) not in ('/proc', '/usr', '/sys')]\n"
        "    try: open(place + '/left-behind', 'x').close(); written.append(place)\n"
        "    except OSError: pass\n"
        "print(written)"
    )
    (one,), (other,) = ask(write, number=2)
    assert one == other  # open(..., "x") fails on what is already there
    assert all(place.startswith(("/tmp", "/dev/shm")) for place in eval(one)), one


LOOK = """
import gc, os, re, socket

def holds(pattern):  # one that does not match its own text
    found = 0
    with open("/proc/self/mem", "rb", 0) as memory:
        for line in open("/proc/self/maps"):
            low, high = (int(n, 16) for n in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                memory.seek(low)
                found += len(re.findall(pattern, memory.read(high - low)))
    return found
"""


def test_the_control_line_and_earlier_students_are_out_of_reach() -> None:
    """No descriptor of the server's, and no trace in memory of an earlier student."""
    secret = "what-only-the-first-student-wrote"
    ((own,),) = ask(LOOK + f"secret = {secret!r}; print(holds(rb'{_pattern(secret)}'))")
    assert int(own) > 0, "the look into memory is blind"
    descriptors = """
kinds, places = [], []
for n in range(3, 512):
    place = f"/proc/self/fd/{n}"
    if not os.path.lexists(place):
        continue
    to = os.readlink(place)
    if to.startswith("socket:"):
        kinds.append(socket.socket(fileno=os.dup(n)).type)
    elif to.startswith("/") and not to.startswith(("/tmp/home/", "/dev/null")):
        places.append(to)
print(socket.SOCK_STREAM in kinds, socket.SOCK_SEQPACKET in kinds, places, os.listdir("/run/handed"))
"""
    ((found, shown),) = ask(LOOK + f"print(holds({_pattern(secret).encode()}))", LOOK + descriptors)
    assert found == "0"
    assert shown == "True False [] []"


def _pattern(word: str) -> str:
    return f"{word[:-1]}[{word[-1]}]"
