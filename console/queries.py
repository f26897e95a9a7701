"""Each package's statements stand by name in the .sql files beside its code."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from psycopg.sql import SQL

from runtime.queries import load_queries


@cache
def queries(package: str) -> Mapping[str, SQL]:
    """Return the statements of *package* by name; they are read once, when first asked for."""
    return load_queries(files(package))
