"""The deep audit is the same each time."""

from __future__ import annotations

from grader.audit.deep import Options, findings


def test_the_audit_is_the_same_each_time():
    options = Options(search=1, luck=1, known_luck=1, claims=5, most=12)
    one, two = (list(findings(["chain.l2_gradient"], options, jobs)) for jobs in (1, 2))
    assert one == two
    assert {"failed", "never runs"} <= {found["status"] for found in one}
