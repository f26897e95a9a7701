import pytest
from psycopg.conninfo import conninfo_to_dict

from runtime.operator import operator_of
from runtime.postgres import as_reader
from runtime.settings import Settings
from schemas.errors import Misconfigured

OWNERS = {"WEIR_POSTGRES": "postgresql://weir:hush@db:5433/weir?options=-c%20work_mem%3D8MB"}


def test_the_reader_is_where_the_owner_is_under_another_name() -> None:
    found = conninfo_to_dict(as_reader(Settings.load(OWNERS)).postgres)
    assert (found["user"], found["password"]) == ("weir_reader", "hush")
    assert (found["host"], found["port"], found["dbname"]) == ("db", "5433", "weir")


def test_the_readers_own_dsn_goes_before() -> None:
    own = {"WEIR_POSTGRES_READER": "postgresql://reads@replica/weir"}
    assert as_reader(Settings.load(OWNERS | own)).postgres == "postgresql://reads@replica/weir"


def test_a_key_is_shown_beside_the_options_that_were_given() -> None:
    found = conninfo_to_dict(as_reader(Settings.load(OWNERS), bytes(2)).postgres)
    assert found["options"] == "-c work_mem=8MB -c weir.key_hash=0000"


def test_no_dsn_is_misconfigured() -> None:
    with pytest.raises(Misconfigured, match="WEIR_POSTGRES_READER"):
        as_reader(Settings.load({"WEIR_POSTGRES": "no dsn"}))


def test_who_changes_things_is_the_systems_user_unless_it_is_set() -> None:
    assert "@" in operator_of(Settings.load({}))
    assert operator_of(Settings.load({"WEIR_OPERATOR": "ann"})) == "ann"
