"""What may go wrong with a server, in our words: what to do, and never a password."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from neo4j import GqlStatusObject
from neo4j import exceptions as failures

from graphcache.errors import QueryError, StoreError, UsageError
from graphcache.stores.misspelt import What, is_declared, no_such_type
from graphcache.words import counted

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
OLDEST = (5, 7)
"""The first version of Neo4j that can be asked to leave out its notifications."""
_OLDEST = ".".join(map(str, OLDEST))
_TOO_OLD = f"the server is too old: Neo4j {_OLDEST} or later is needed"

# What stands in the driver's text, and what to do about it; the first one that fits.
_NO_CONNECTION = {
    "[sslcertverificationerror": (
        "its TLS certificate is not signed by an authority that this machine trusts: if it is "
        "self-signed and you trust the network, use neo4j+ssc://"
    ),
    "[ssl": "it does not speak TLS there: use neo4j:// or bolt:// without +s or +ssc",
    "incomplete handshake": (
        "it takes no connection without TLS, or it is no Neo4j server: try neo4j+s://, or "
        "neo4j+ssc:// for a certificate that is self-signed"
    ),
    "looks like http": (
        "this is the port of Neo4j Browser: drivers have another one, 7687 unless it was changed"
    ),
    "does not support communication": _TOO_OLD,
    "dns resolve": "there is no such host: check its name",
    "routing": "no server for this database answers: try bolt:// in place of neo4j://",
    "": "no server answers there: is it started, and the port right? wait for it while it starts",
}

# What stands in the server's code for an error, and what to do about it.
_QUERY_REFUSED = {
    "Statement.AccessMode": "a query only reads, this one writes: nothing was changed",
    "TransactionTimedOut": "it took {limit}: narrow it, or raise the timeout",
    "Transaction.Terminated": "it took {limit}: narrow it, or raise the timeout",
}
_CANNOT_WRITE = (
    "the server can't write: if its disk is full, make room, restart it, and try again; its logs "
    "say more ({text})"
)
_REFUSED = {
    "DatabaseNotFound": "no database {database!r}: name another",
    "ReadOnly": (
        "the database is read-only: name another, or let the server write to it "
        "(server.databases.default_to_read_only, server.databases.read_only)"
    ),
    "CredentialsExpired": (
        "the password must be changed first: log in by Neo4j Browser, or run ALTER CURRENT USER "
        "SET PASSWORD by cypher-shell"
    ),
    "AuthenticationRateLimit": "too many wrong passwords: wait a few seconds, then try again",
    "Forbidden": "the user may not do this: it needs rights to write ({text})",
    "TransactionLogError": _CANNOT_WRITE,
    "TransactionStartFailed": _CANNOT_WRITE,
    "OutOfMemory": (
        "the server has too little memory: raise server.memory.heap.max_size or "
        "db.memory.transaction.max, or narrow the query ({text})"
    ),
}


def check_uri(uri: str) -> None:
    """Refuse a URI that can't be a server's, or with a password in it (which is not repeated).

    >>> check_uri("http://localhost:7474")
    Traceback (most recent call last):
        ...
    graphcache.errors.UsageError: expected a URI of neo4j, neo4j+s, neo4j+ssc, bolt, bolt+s, \
bolt+ssc, found 'http': for example neo4j://localhost:7687
    """
    if "@" in uri:
        raise UsageError(
            "expected a URI without user or password: set NEO4J_USERNAME and NEO4J_PASSWORD"
        )
    scheme, separator, _ = uri.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise UsageError(
            f"expected a URI of {', '.join(SCHEMES)}, found {scheme!r}: "
            f"for example neo4j://localhost:7687"
        )
    try:
        parts = urlsplit(uri)
        well_formed = parts.port != 0 and bool((parts.hostname or "").encode("idna"))
    except ValueError:
        well_formed = False
    if not well_formed:
        # What stands in the place of the port may be a password.
        found = uri.partition("://")[2].partition(":")[0]
        raise UsageError(
            f"expected a host, and a port of 1 to 65535 if any, found {found!r}, and no such port: "
            f"for example neo4j://localhost:7687"
        )


def check_version(uri: str, version: str) -> None:
    """Refuse a server that is older than graphcache can use.

    >>> check_version("neo4j://localhost", "5.26.30")
    >>> check_version("neo4j://localhost", "4.4.44")
    Traceback (most recent call last):
        ...
    graphcache.errors.StoreError: neo4j://localhost: expected Neo4j 5.7 or later, found 4.4.44: \
update the server
    """
    numbers = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        raise StoreError(
            f"{uri}: expected Neo4j {_OLDEST} or later, found {version or 'no version'}: "
            f"update the server"
        )


@contextmanager
def server_errors(
    uri: str, database: str | None, *, timeout: float | None = None
) -> Iterator[None]:
    """The driver's errors in our words; never with a password in them."""
    try:
        yield
    except failures.AuthError:
        raise StoreError(
            f"{uri}: the server refused the user name or password: check NEO4J_USERNAME and "
            f"NEO4J_PASSWORD"
        ) from None
    except (failures.ServiceUnavailable, failures.SessionExpired) as error:
        raise StoreError(f"{uri}: {_no_connection(error)}") from error
    except failures.Neo4jError as error:
        raise _refusal(uri, database, error, timeout) from error
    except failures.DriverError as error:
        is_old = "notification filtering is not supported" in str(error).lower()
        raise StoreError(f"{uri}: {_TOO_OLD if is_old else error}") from error


def _no_connection(error: BaseException) -> str:
    """What to do, and the driver's own text; of a routing driver, why it found no route."""
    while isinstance(error.__cause__, BaseExceptionGroup):
        error = error.__cause__.exceptions[0]
    text = " ".join(str(error).split())
    advice = next(said for sign, said in _NO_CONNECTION.items() if sign in text.lower())
    return f"{advice} ({text})"


def _refusal(
    uri: str, database: str | None, error: failures.Neo4jError, timeout: float | None
) -> StoreError | QueryError:
    code, text = error.code or "", (error.message or "").strip()
    limit = f"longer than {counted(timeout, 'second')}" if timeout else "too long"
    for sign, said in _QUERY_REFUSED.items():
        if sign in code:
            return QueryError(said.format(limit=limit))
    for sign, said in _REFUSED.items():
        if sign in code:
            return StoreError(f"{uri}: " + said.format(database=database, text=text))
    if code.startswith("Neo.ClientError.Statement"):
        return QueryError(text)
    return StoreError(f"{uri}: the server failed: its logs say why ({text}, {code})")


_NO_SUCH: dict[str, What] = {
    "label": "node type",
    "relationship type": "edge type",
    "property": "property",
}
"""What the graph calls that which the server says does not exist."""
_MISSING = re.compile(
    rf"(?:the |missing )(?P<what>{'|'.join(_NO_SUCH)})(?: key| name)?"
    # As servers say it from 5.23 on, and as those before said it.
    r"(?: `(?P<new>.+)` does not exist| is: (?P<old>.+)\))",
    re.IGNORECASE,
)


def refuse_misspelt(notes: Iterable[GqlStatusObject], cypher: str) -> None:
    """Refuse a statement that asks by a name that neither the server nor the graph has.

    The server answers it as if nothing were there, and says so in a notification.

    Raises:
        QueryError: it does; the message says what the graph has.
    """
    for note in notes:
        found = _MISSING.search(note.status_description) if note.is_notification else None
        name = found and (found["new"] or found["old"])
        what = _NO_SUCH[found["what"].lower()] if found else None
        if what and name and not is_declared(what, name):
            raise QueryError(no_such_type(what, name, cypher))
