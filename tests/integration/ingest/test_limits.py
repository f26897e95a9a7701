"""Limits of use at a running door: what is let pass is taken, whose it is, and what a plan says now."""

from urllib.parse import quote

import pytest

from schemas.catalog import CustomerPlaced, MetersPublished, TenantNamed
from schemas.plan import OnUnavailable, Plan
from schemas.quantity import MICRO
from schemas.use_limit import UseLimit
from tests.integration.ingest.door import METERS, PLANS, READ_KEY, TENANT, Door, Reply, issued, publish
from tests.waiting import until

pytestmark = pytest.mark.integration

NEIGHBOUR_KEY = "wk_" + "n" * 43
#: So little that nothing comes back while a test runs.
FEW = UseLimit(meter="api", per_minute_micro=3 * MICRO, concurrent=2)
FAST = Plan(name="fast", limits=(FEW,), upgrade_url="https://example.com/plans")
FASTER = Plan(
    name="faster",
    limits=(
        UseLimit(
            meter="api", per_second_micro=1, burst_micro=5 * MICRO, per_minute_micro=9 * MICRO, concurrent=3
        ),
    ),
    on_unavailable=OnUnavailable.DENY,
)


@pytest.fixture(scope="module", autouse=True)
def plans(shared_checks: Door) -> None:
    """Put whoever is on no plan on one with limits."""
    version = MetersPublished(1, 0, METERS, plans=(*PLANS, FAST, FASTER), default_plan="fast")
    neighbour = issued(NEIGHBOUR_KEY, "ingest", tenant="neighbour")
    publish(shared_checks.namespace, TenantNamed("neighbour", "Neighbour"), neighbour, version)
    until(lambda: quota_of(shared_checks, "nobody").get("plan") == "fast")
    until(lambda: take(shared_checks, "nobody", b"x", key=NEIGHBOUR_KEY).status == 400)


def path_of(customer: str, more: str = "", meter: str = "api") -> str:
    return f"/v1/limits/{quote(customer, safe='')}/{meter}{more}"


def quota_of(door: Door, customer: str) -> dict[str, object]:
    found: dict[str, object] = door.post(b"", None, f"/v1/quotas/{customer}/api", "GET").json
    return found


def take(door: Door, customer: str, body: object = b"", key: str = "", more: str = "") -> Reply:
    kind = "application/json" if body else None
    return door.post(body, kind, path_of(customer, more), Authorization=f"Bearer {key or door.key}")


def lease(door: Door, customer: str, name: str, key: str = "", **more: object) -> Reply:
    return take(door, customer, {"id": name, **more}, key, "/leases")


def release(door: Door, customer: str, name: str, key: str = "") -> Reply:
    path = path_of(customer, f"/leases/{quote(name, safe='')}")
    return door.post(b"", None, path, "DELETE", Authorization=f"Bearer {key or door.key}")


def test_what_is_let_pass_is_taken_and_what_is_refused_takes_nothing(shared_checks: Door) -> None:
    first = take(shared_checks, "a/b c")
    assert (first.status, first.json["allowed"], first.json["quantity"]) == (200, True, "1")
    assert first.json["limits"][0] == {
        "window": "minute",
        "limit": "3",
        "burst": None,
        "used": "1",
        "remaining": "2",
    }
    assert take(shared_checks, "a/b c", {"quantity": "1.5"}).json["limits"][0]["remaining"] == "0.5"

    refused = take(shared_checks, "a/b c", {"quantity": 0.500001})
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert take(shared_checks, "a/b c", key=READ_KEY).code == "forbidden"  # it changes what others may
    body = refused.json
    assert (body["error"], body["meter"], body["window"]) == ("rate_limited", "api", "minute")
    assert (body["limit"], body["used"], body["remaining"]) == ("3", "2.5", "0.5")
    assert int(refused.headers["retry-after"]) == body["retry_after_seconds"]
    assert body["retry_after_seconds"] in range(1, 61)
    assert body["upgrade_url"] == "https://example.com/plans"
    assert {"message", "plan", "customer", "limits"} <= body.keys()

    assert take(shared_checks, "a/b c", {"quantity": "0.5"}).status == 200
    assert take(shared_checks, "a/b c", {"quantity": "0"}).status == 200
    never = take(shared_checks, "a/b c", {"quantity": "3.000001"})
    assert (never.status, never.json["retry_after_seconds"]) == (429, None)
    assert never.headers["retry-after"] == "3600"


def test_the_quota_check_shows_what_is_taken_and_takes_nothing(shared_checks: Door) -> None:
    for used in ("0", "0", "2"):
        if used == "2":
            assert take(shared_checks, "looker", {"quantity": "2"}).status == 200
            assert lease(shared_checks, "looker", "job").status == 201
        assert quota_of(shared_checks, "looker")["limits"] == [
            {"window": "minute", "limit": "3", "burst": None, "used": used, "remaining": str(3 - int(used))},
            {
                "window": "concurrent",
                "limit": "2",
                "burst": None,
                "used": "1" if used == "2" else "0",
                "remaining": "1" if used == "2" else "2",
            },
        ]


def test_a_change_of_plan_holds_at_once_and_what_was_taken_stays_taken(shared_checks: Door) -> None:
    assert take(shared_checks, "mover", {"quantity": "3"}).status == 200
    assert take(shared_checks, "mover").status == 429
    publish(shared_checks.namespace, CustomerPlaced(TENANT, "mover", "faster", 0))
    until(lambda: quota_of(shared_checks, "mover")["plan"] == "faster")
    moved = take(shared_checks, "mover", {"quantity": "5"})
    assert [each["used"] for each in moved.json["limits"]] == ["5", "8", "0"]
    refused = take(shared_checks, "mover")
    assert (refused.json["window"], refused.json["burst"]) == ("second", "5")
    publish(shared_checks.namespace, CustomerPlaced(TENANT, "mover", "free", 0))
    until(lambda: take(shared_checks, "mover", {"quantity": "1000"}).status == 200)


def test_leases_are_renewed_refused_and_released(shared_checks: Door) -> None:
    begun = lease(shared_checks, "worker", "a/1", ttl_seconds=3_600)
    assert (begun.status, begun.json["id"], begun.json["ttl_seconds"]) == (201, "a/1", 3_600)
    assert lease(shared_checks, "worker", "a/1").status == 200
    assert lease(shared_checks, "worker", "b").status == 201
    refused = lease(shared_checks, "worker", "c")
    assert (refused.status, refused.code, refused.json["window"]) == (429, "rate_limited", "concurrent")
    assert (refused.json["limit"], refused.json["remaining"]) == ("2", "0")
    assert int(refused.headers["retry-after"]) in range(1, 61)
    assert take(shared_checks, "worker", {"quantity": "3"}).status == 200  # rates are something else

    gone = release(shared_checks, "worker", "a/1")
    assert (gone.status, gone.body, gone.headers.get("content-length")) == (204, b"", None)
    assert release(shared_checks, "worker", "a/1").status == 204
    assert lease(shared_checks, "worker", "c").status == 201


def test_a_lease_that_is_not_renewed_ends_by_itself(shared_checks: Door) -> None:
    assert lease(shared_checks, "dropout", "a", ttl_seconds=1).status == 201
    assert lease(shared_checks, "dropout", "b").status == 201
    until(lambda: lease(shared_checks, "dropout", "c").status == 201)


def test_another_tenant_takes_nothing_from_ours_and_ends_none_of_our_leases(shared_checks: Door) -> None:
    assert take(shared_checks, "shared", {"quantity": "3"}).status == 200
    assert lease(shared_checks, "shared", "a").status == 201
    theirs = take(shared_checks, "shared", key=NEIGHBOUR_KEY)
    assert theirs.json["limits"][0]["remaining"] == "2"
    assert release(shared_checks, "shared", "a", key=NEIGHBOUR_KEY).status == 204
    assert lease(shared_checks, "shared", "a", key=NEIGHBOUR_KEY).status == 201  # not renewed: another one
    assert lease(shared_checks, "shared", "a").status == 200
    assert take(shared_checks, "shared").status == 429


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        ("c/nope", b"", 404, None),
        ("c/nope/leases", {"id": "a"}, 404, None),
        ("c", b"", 404, None),
        ("/api", b"", 404, None),
        ("c/api/lease", b"", 404, None),
        ("c/api/leases/a/b", b"", 404, None),
        ("c/api/leases/a", b"", 405, None),
        ("%ff/api", b"", 400, None),
        ("c%0A/api", b"", 400, "/customer"),
        ("c/api", b"[]", 400, ""),
        ("c/api", b"{", 400, ""),
        ("c/api", b"\xff", 400, ""),
        ("c/api", b"[" * 100_000, 400, ""),
        ("c/api", {"quantity": "-1"}, 400, "/quantity"),
        ("c/api", {"quantity": "9" * 30}, 400, "/quantity"),
        ("c/api", {"quantity": 1e300}, 400, "/quantity"),
        ("c/api", {"quantity": [1]}, 400, "/quantity"),
        ("c/api", b'{"quantity": 1, "quantity": 2}', 400, "/quantity"),
        ("c/api", {"amount": "1"}, 400, ""),
        ("c/api/leases", b"", 400, ""),
        ("c/api/leases", {}, 400, "/id"),
        ("c/api/leases", {"id": 3}, 400, "/id"),
        ("c/api/leases", {"id": "x" * 129}, 400, "/id"),
        ("c/api/leases", {"id": "a", "ttl_seconds": 0}, 400, "/ttl_seconds"),
        ("c/api/leases", {"id": "a", "ttl_seconds": 3_601}, 400, "/ttl_seconds"),
        ("c/api/leases", {"id": "a", "ttl_seconds": 1.5}, 400, "/ttl_seconds"),
        ("c/api/leases", {"id": "a", "ttl_seconds": "60"}, 400, "/ttl_seconds"),
    ],
)
def test_a_bad_question_is_told_what_to_do(
    shared_checks: Door, path: str, body: object, status: int, where: str | None
) -> None:
    reply = shared_checks.post(body, path=f"/v1/limits/{path}")
    assert (reply.status, bool(reply.code)) == (status, True)
    assert [each["pointer"] for each in reply.json.get("errors", [])] == ([] if where is None else [where])


def test_who_may_ask_and_how(shared_checks: Door) -> None:
    assert shared_checks.post(b"", None, path_of("c"), Authorization="").code == "unauthenticated"
    assert shared_checks.post(b"{}", "text/plain", path_of("c")).code == "content_type_unknown"
    for path, method in (("", "GET"), ("", "DELETE"), ("/leases", "DELETE"), ("/leases/a", "PUT")):
        refused = shared_checks.post(b"", None, path_of("c", path), method)
        assert (refused.code, refused.headers["allow"]) == ("method_not_allowed", "POST, DELETE")


def test_answers_are_counted_without_names_and_no_event_was_rejected(shared_checks: Door) -> None:
    assert take(shared_checks, "counted", {"quantity": "4"}).status == 429
    assert lease(shared_checks, "counted", "a").status == 201
    until(lambda: "weir_limit_places 0.0" not in shared_checks.get("/metrics")[1])
    assert release(shared_checks, "counted", "a").status == 204
    metrics = shared_checks.get("/metrics")[1]
    assert 'weir_limit_checks_total{limit="rate",outcome="refused"}' in metrics
    assert 'weir_limit_checks_total{limit="concurrent",outcome="taken"}' in metrics
    assert 'weir_ingress_requests_total{code="204",method="DELETE",route="/v1/limits/"}' in metrics
    assert 'weir_ingress_rejected_events_total{reason="rate_limited"} 0.0' in metrics
    assert TENANT not in metrics
