"""schema.sql is the truth, and the sum of the migrations leads to it."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from runtime.postgres import Connection, connect
from runtime.settings import Settings
from sinks.sql import downgrade, migrate

pytestmark = pytest.mark.integration

#: Everything about our tables, and who may do what, that PostgreSQL keeps in words.
_SHAPE = """
select 'column', c.table_name, c.ordinal_position::text, c.column_name, c.data_type, c.is_nullable,
    c.column_default, c.is_identity
from information_schema.columns c where c.table_schema = %(schema)s
union all
select 'index', tablename, indexname, replace(indexdef, %(schema)s || '.', ''), null, null, null, null
from pg_indexes where schemaname = %(schema)s
union all
select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), null, null, null, null
from pg_constraint where connamespace = %(schema)s::regnamespace
union all
select 'table', relname, relkind::text, array_to_string(reloptions, ','), relrowsecurity::text,
    relforcerowsecurity::text, relacl::text, null
from pg_class where relnamespace = %(schema)s::regnamespace
union all
select 'grant', attrelid::regclass::text, attname, attacl::text, null, null, null, null
from pg_attribute join pg_class c on c.oid = attrelid
where relnamespace = %(schema)s::regnamespace and attacl is not null
union all
select 'policy', tablename, policyname, permissive, roles::text, cmd, replace(qual, %(schema)s || '.', ''),
    with_check
from pg_policies where schemaname = %(schema)s
union all
select 'function', proname, replace(pg_get_functiondef(oid), %(schema)s || '.', ''), proacl::text, null, null,
    null, null
from pg_proc where pronamespace = %(schema)s::regnamespace
union all
select 'trigger', c.relname, tgname, replace(pg_get_triggerdef(t.oid), %(schema)s || '.', ''), null, null,
    null, null
from pg_trigger t join pg_class c on c.oid = tgrelid
where relnamespace = %(schema)s::regnamespace and not tgisinternal
order by 1, 2, 3, 4
"""


@pytest.fixture
def database(settings: Settings) -> Iterator[Connection]:
    with connect(settings, "test", autocommit=True) as connection:
        yield connection


#: An access list, and the line that pins a function's path.
_MAY = re.compile(r"^\{.*=\w*/\w+.*\}$")
_KEPT_PATH = re.compile(r" SET search_path TO [^\n]*\n")
_PATH = re.compile(r"(?<=SET search_path TO )('[^']*'(, )?)+")


def shape(connection: Connection, schema: str) -> list[tuple[object, ...]]:
    connection.execute("select set_config('search_path', %s, false)", (schema,))
    rows = connection.execute(_SHAPE, {"schema": schema}).fetchall()
    return [
        # A function that keeps the path under which it was made names the schema.
        tuple(_PATH.sub("its own", value) if isinstance(value, str) else value for value in row)
        for row in rows
        if not any("alembic_version" in str(value) for value in row)
    ]


def test_schema_sql_equals_the_sum_of_the_migrations(settings: Settings, database: Connection) -> None:
    migrate(settings.postgres)
    migrated = whole_shape(database)
    downgrade(settings.postgres, "base")

    database.execute("set search_path to public")
    for name in ("schema.sql", "jobs.sql"):
        database.execute((files("sinks.sql") / name).read_bytes())

    assert all(len(each) > 100 for each in migrated)
    assert migrated == whole_shape(database)


def test_the_jobs_tables_are_those_of_the_library_that_is_installed(
    settings: Settings, database: Connection
) -> None:
    migrate(settings.postgres)
    database.execute("create schema theirs")
    database.execute("set search_path to theirs")
    database.execute(SchemaManager.get_schema().encode())

    def known(schema: str) -> list[tuple[object, ...]]:
        """Return all but who may do what, and the path that each function of ours has."""
        return [
            tuple(
                # Where our schema's name was taken out, an alias of theirs went with it.
                "None" if _MAY.match(str(value)) else _KEPT_PATH.sub("", str(value)).replace("jobs.", "")
                for value in row
            )
            for row in shape(database, schema)
        ]

    assert known("jobs") == known("theirs")


def whole_shape(connection: Connection) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    return shape(connection, "jobs"), shape(connection, "public")


def test_migrating_again_and_by_many_at_once_changes_nothing(
    settings: Settings, database: Connection
) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrate, settings.postgres) for _ in range(4)]:
            done.result()
    before = whole_shape(database)

    migrate(settings.postgres)

    assert whole_shape(database) == before
    assert database.execute("select count(*) from alembic_version").fetchone() == (1,)


def test_the_way_down_leads_back_up(settings: Settings, database: Connection) -> None:
    migrate(settings.postgres)
    before = whole_shape(database)

    downgrade(settings.postgres, "base")
    assert shape(database, "public") == []
    assert database.execute("select to_regnamespace('jobs')").fetchone() == (None,)
    migrate(settings.postgres)

    assert whole_shape(database) == before


def test_a_step_that_fails_leaves_no_half(settings: Settings, database: Connection) -> None:
    downgrade(settings.postgres, "base")
    database.execute("create table dead_letters (in_the_way int)")

    with pytest.raises(psycopg.errors.DuplicateTable):
        migrate(settings.postgres)

    assert {row[1] for row in shape(database, "public")} == {"dead_letters"}
