"""The read API's login: PostgreSQL lets it in with the password of its DSN."""

from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from runtime.postgres import READER, Connection, as_reader, connect
from runtime.settings import Settings


def let_reader_in(connection: Connection, settings: Settings) -> None:
    """Give the role the password of the read API's DSN, if it is that role's and has one.

    Where we may not, it has to have it already. Raises Misconfigured, TryAgain.
    """
    reader = as_reader(settings)
    parts = conninfo_to_dict(reader.postgres)
    password = parts.get("password")
    if parts.get("user") != READER or not password:
        return
    # Only the verifier leaves this process, so that no log of statements has the password.
    verifier = connection.pgconn.encrypt_password(str(password).encode(), READER.encode(), b"scram-sha-256")
    statement = SQL("alter role {} password {}").format(Identifier(READER), Literal(verifier.decode()))
    try:
        connection.execute(statement)
    except errors.InsufficientPrivilege:
        connect(reader, "migrate").close()
