"""Who may log in: password users kept by PostgreSQL, temporary users kept here."""

from __future__ import annotations

import hashlib
import secrets
import string
import threading
import time
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Temporary:
    """A password that GetClusterCredentials or GetCredentials gave out."""

    verifier: str
    expires_at: float


class Accounts:
    """The users of one server; safe to use from several threads."""

    def __init__(self, dsn: str) -> None:
        self._lock = threading.Lock()
        self._temporary: dict[str, Temporary] = {}
        self._connection = psycopg2.connect(dsn)
        self._connection.autocommit = True

    def close(self) -> None:
        """Close the housekeeping connection."""
        self._connection.close()

    def verifier(self, login: str) -> str | None:
        """Return what a login's password is checked against; None if it cannot."""
        with self._lock:
            temporary = self._temporary.get(login)
            if temporary is not None:
                fresh = temporary.expires_at > time.time()
                return temporary.verifier if fresh else None
            with self._connection.cursor() as cursor:
                cursor.execute(
                    "select rolpassword from pg_authid where rolname = %s and "
                    "rolcanlogin and coalesce(rolvaliduntil, 'infinity') > now()",
                    (login,),
                )
                row = cursor.fetchone()
        return row[0] if row else None

    def exists(self, user: str) -> bool:
        """Say whether the database knows the user."""
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", (user,))
            return cursor.fetchone() is not None

    def add(self, user: str, password: str, *, superuser: bool = False) -> None:
        """Create a user with a password, or change its password."""
        command = "alter role {} login password {}"
        if not self.exists(user):
            command = "create role {} login password {}"
            if superuser:
                command += " superuser"
        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(command).format(sql.Identifier(user), sql.Literal(password))
            )

    def grant_temporary(
        self, login: str, seconds: float, *, create: bool = False
    ) -> tuple[str, float]:
        """Give a temporary password to a login such as IAM:etl; return its expiry."""
        user = database_user(login)
        if create and not self.exists(user):
            with self._lock, self._connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("create role {} login").format(sql.Identifier(user))
                )
        password = "".join(secrets.choice(ALPHABET) for _ in range(32))
        expires_at = time.time() + seconds
        with self._lock:
            self._temporary[login] = Temporary(
                md5_verifier(login, password), expires_at
            )
        return password, expires_at

    def expire_temporary(self, login: str) -> None:
        """Let a temporary password end now."""
        with self._lock:
            entry = self._temporary[login]
            self._temporary[login] = Temporary(entry.verifier, 0.0)


def database_user(login: str) -> str:
    """Return the database user behind a login: IAM:etl is etl, IAMR:x is itself."""
    for prefix in ("IAM:", "IAMA:"):
        if login.startswith(prefix):
            return login.removeprefix(prefix)
    return login


def md5_verifier(user: str, password: str) -> str:
    """Return PostgreSQL's md5 verifier of a password."""
    digest = hashlib.md5((password + user).encode(), usedforsecurity=False)
    return "md5" + digest.hexdigest()
