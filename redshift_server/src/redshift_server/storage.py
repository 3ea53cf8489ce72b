"""S3 as COPY and UNLOAD reach it: over HTTP, with the rights of a role."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import S3Store

from redshift_server.copy_options import Authorization
from redshift_server.errors import RedshiftError

T = TypeVar("T")
_EVERYTHING = ("*",)


@dataclass(frozen=True)
class Role:
    """An IAM role that is attached to the cluster.

    `read` and `write` are patterns over bucket/key. The keys sign the requests, so a
    strict S3 server can refuse them too; a lax one never checks them.
    """

    read: tuple[str, ...] = _EVERYTHING
    write: tuple[str, ...] = _EVERYTHING
    access_key_id: str = "test"
    secret_access_key: str = "test"
    session_token: str = ""


@dataclass(frozen=True)
class S3Object:
    """An object as a listing shows it."""

    bucket: str
    key: str
    size: int
    etag: str
    modified: datetime

    @property
    def url(self) -> str:
        """The object's address."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass
class Storage:
    """The S3 of one server and the roles it knows."""

    endpoint: str | None
    region: str
    roles: Mapping[str, Role]
    default_role: str | None = None
    bucket_regions: Mapping[str, str] = field(default_factory=dict)

    def role(self, authorization: Authorization, user: str) -> Role:
        """Return the role to act as; an unknown one cannot be assumed."""
        if not authorization.roles:
            return Role(
                access_key_id=authorization.access_key_id,
                secret_access_key=authorization.secret_access_key,
                session_token=authorization.session_token,
            )
        for name in authorization.roles:
            arn = self.default_role if name == "default" else name
            if arn is None or arn not in self.roles:
                raise _not_authorized(user, arn or "default")
        last = authorization.roles[-1]
        return self.roles[(self.default_role or "") if last == "default" else last]

    def bucket(self, role: Role, name: str, region: str) -> Bucket:
        """Open a bucket in a Region."""
        wanted, actual = region or self.region, self.bucket_regions.get(name)
        if actual is not None and actual != wanted:
            raise s3_error(
                "The bucket you are attempting to access must be addressed using the "
                "specified endpoint. Please send all future requests to this endpoint.",
                301,
                "PermanentRedirect",
            )
        config: dict[str, Any] = {
            "region": wanted,
            "access_key_id": role.access_key_id,
            "secret_access_key": role.secret_access_key,
            "virtual_hosted_style_request": False,
        }
        if self.endpoint:
            config["endpoint"] = self.endpoint
        if role.session_token:
            config["token"] = role.session_token
        store = S3Store(
            name,
            config=config,  # type: ignore[arg-type]  # keys known at run time
            client_options={"allow_http": True, "timeout": "60s"},
            retry_config={"max_retries": 2},
        )
        return Bucket(name, role, store)


class Bucket:
    """A bucket seen with the rights of a role."""

    def __init__(self, name: str, role: Role, store: S3Store) -> None:
        self.name = name
        self._role = role
        self._store = store

    def list(self, prefix: str) -> list[S3Object]:
        """Return the objects whose key starts with a text, in order of their keys."""
        self._allow(self._role.read, prefix, listing=True)
        # obstore lists by path segments; COPY's prefix is any start of a key.
        folder = prefix.rpartition("/")[0] or None
        found = _guarded(lambda: list(_flat(obstore.list(self._store, folder))), prefix)
        objects = [
            S3Object(
                self.name,
                meta["path"],
                meta["size"],
                (meta["e_tag"] or "").strip('"'),
                meta["last_modified"],
            )
            for meta in found
            if meta["path"].startswith(prefix)
        ]
        return sorted(objects, key=lambda item: item.key)

    def head(self, key: str) -> S3Object | None:
        """Return an object's description, or None if it does not exist."""
        self._allow(self._role.read, key)
        try:
            meta = _guarded(lambda: obstore.head(self._store, key), key, missing=True)
        except FileNotFoundError:
            return None
        return S3Object(
            self.name,
            key,
            meta["size"],
            (meta["e_tag"] or "").strip('"'),
            meta["last_modified"],
        )

    def get(self, key: str) -> bytes:
        """Return an object's content."""
        self._allow(self._role.read, key)
        return _guarded(lambda: bytes(obstore.get(self._store, key).bytes()), key)

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        self._allow(self._role.write, key)
        _guarded(lambda: obstore.put(self._store, key, data), key)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""
        for key in keys:
            self._allow(self._role.write, key)
            _guarded(partial(obstore.delete, self._store, key), key)

    def _allow(
        self, patterns: tuple[str, ...], key: str, *, listing: bool = False
    ) -> None:
        path = f"{self.name}/{key}"
        for pattern in patterns:
            if fnmatch.fnmatchcase(path, pattern):
                return
            # A listing needs rights on something below it.
            if listing and pattern.rstrip("*").startswith(path):
                return
        raise access_denied()


def split_url(url: str) -> tuple[str, str]:
    """Return bucket and key of an s3:// address."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise RedshiftError("XX000", f"Invalid S3 path: {url}")
    return bucket, key


def access_denied() -> RedshiftError:
    """Return the error of a role without the right."""
    return s3_error("Access Denied", 403, "AccessDenied")


def s3_error(message: str, status: int, code: str) -> RedshiftError:
    """Return an error of S3 as COPY passes it on."""
    text = (
        f"S3ServiceException:{message},Status {status},Error {code},Rid TEST,CanRetry 1"
    )
    return RedshiftError("XX000", text, detail=error_block(text, 8001))


def error_block(text: str, code: int, context: str = "") -> str:
    """Return the framed block in which Redshift puts details."""
    line = "-" * 47
    return (
        f"\n  {line}\n  error:  {text}\n  code:      {code}\n  context:   {context}\n"
        f"  query:     0\n  location:  s3_utility\n  process:   padbmaster\n  {line}\n"
    )


def _not_authorized(user: str, arn: str) -> RedshiftError:
    text = (
        f"User arn:aws:redshift:us-east-1:123456789012:dbuser:redshift-server/{user} "
        f"is not authorized to assume IAM Role {arn}"
    )
    return RedshiftError("XX000", text, detail=error_block(text, 8001))


def _flat(pages: Iterable[Iterable[T]]) -> Iterable[T]:
    for page in pages:
        yield from page


def _guarded(call: Callable[[], T], key: str, *, missing: bool = False) -> T:
    try:
        return call()
    except (NotFoundError, FileNotFoundError) as problem:
        if missing:
            raise FileNotFoundError(key) from problem
        code = "NoSuchBucket" if "NoSuchBucket" in str(problem) else "NoSuchKey"
        raise s3_error(
            "The specified bucket does not exist"
            if code == "NoSuchBucket"
            else "The specified key does not exist.",
            404,
            code,
        ) from problem
    except (PermissionDeniedError, UnauthenticatedError) as problem:
        raise access_denied() from problem
    except BaseError as problem:
        text = str(problem)
        if "403" in text or "AccessDenied" in text:
            raise access_denied() from problem
        raise s3_error("The service is unreachable", 500, "InternalError") from problem
