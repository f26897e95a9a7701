import re

from console.api.doors import OPERATIONS, Door
from console.api.openapi import openapi
from console.api.routes import ROUTES
from ingest.instruments import ROUTES as DOOR_ROUTES
from tests.described import DESCRIPTION

SERVERS = {Door.INGEST: "http://ingest:8080", Door.CHECKS: "http://checks:8085"}


def test_every_address_of_the_doors_is_described_and_no_other() -> None:
    paths = {operation.path for operation in OPERATIONS}
    assert all(any(path.startswith(route) for path in paths) for route in DOOR_ROUTES)
    assert all(any(path.startswith(route) for route in DOOR_ROUTES) for path in paths)


def test_every_operation_stands_there_once_and_names_its_server() -> None:
    found = openapi(ROUTES, OPERATIONS, SERVERS)
    listed = [(path, method, one) for path, of in found["paths"].items() for method, one in of.items()]
    assert len(listed) == len(ROUTES) + len(OPERATIONS)
    assert len({one["operationId"] for _, _, one in listed}) == len(listed)
    assert {one["servers"][0]["url"] for _, _, one in listed if "servers" in one} == set(SERVERS.values())
    for path, _, one in listed:
        in_path = {each["name"] for each in one["parameters"] if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_every_reference_leads_somewhere() -> None:
    names = set(re.findall(r"#/components/schemas/([\w.]+)", str(DESCRIPTION)))
    assert names <= DESCRIPTION["components"]["schemas"].keys()
