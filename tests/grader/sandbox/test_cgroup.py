"""Where memory groups can be made, by what Linux says of mounts and groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.sandbox import cgroup
from grader.sandbox.cgroup import MemoryGroup, Place, memory_group, places


def mount(root: str, point: Path, kind: str, options: str) -> str:
    """A line of /proc/self/mountinfo."""
    return f"33 32 0:29 {root} {point} rw,relatime shared:9 - {kind} {kind} {options}\n"


def test_version_1_below_the_own_group(tmp_path: Path) -> None:
    (tmp_path / "mine/here").mkdir(parents=True)
    mounts = mount("/", tmp_path / "cpu", "cgroup", "rw,cpu") + mount("/", tmp_path, "cgroup", "rw,memory")
    assert list(places("5:cpu:/x\n4:memory:/mine/here\n0::/\n", mounts)) == [Place(tmp_path / "mine/here", 1)]


@pytest.mark.parametrize(("root", "path"), [("/docker/abc", "/docker/abc"), ("/docker/abc", "/")])
def test_in_a_container_the_mount_shows_the_own_group(tmp_path: Path, root: str, path: str) -> None:
    mounts = mount(root, tmp_path, "cgroup", "rw,memory")
    assert list(places(f"4:memory:{path}\n", mounts)) == [Place(tmp_path, 1)]


def test_version_2_where_memory_is_handed_down(tmp_path: Path) -> None:
    """A group with processes has no groups below it; those beside it need the one above to hand memory down."""
    above = tmp_path / "user.slice/app.slice"
    (above / "run-1.scope").mkdir(parents=True)
    for folder, handed in (
        (tmp_path, "memory"),
        (above.parent, "cpu"),
        (above, "cpu memory"),
        (above / "run-1.scope", ""),
    ):
        (folder / "cgroup.subtree_control").write_text(handed + "\n")
    mounts, own = mount("/", tmp_path, "cgroup2", "rw"), "0::/user.slice/app.slice/run-1.scope\n"
    assert list(places(own, mounts)) == [Place(above, 2)]
    (above / "cgroup.subtree_control").write_text("cpu\n")
    assert list(places(own, mounts)) == []
    assert list(places("0::/\n", mounts)) == [Place(tmp_path, 2)]


def test_without_cgroups_there_is_no_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cgroup, "MOUNTS", tmp_path / "mounts")
    (tmp_path / "mounts").write_text(mount("/", tmp_path, "proc", "rw"))
    cgroup.place.cache_clear()
    try:
        assert cgroup.place() is None
        assert memory_group(2**30) is None
        assert "No memory cgroup can be made here" in cgroup.described()
    finally:
        cgroup.place.cache_clear()


def test_a_group_of_version_2_is_told_its_limit(tmp_path: Path) -> None:
    group = MemoryGroup(Place(tmp_path, 2), 12345)
    assert {f.name: f.read_text() for f in group.folder.iterdir()} == {
        "memory.max": "12345",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
    }
    (group.folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 1\n")
    assert group.kills() == 2


def test_groups_that_killed_graders_left_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("gradschool-999999999-ab12", f"gradschool-{os.getpid()}-ab12", "other")
    for name in names:
        (tmp_path / name).mkdir()
    cgroup._sweep(tmp_path)
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(names[1:])
