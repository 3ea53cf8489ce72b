"""Credentials, in the order that AWS users expect.

Of dwh.cfg: ANONYMOUS, a role to assume, a profile, keys. Else as the AWS tools do it:
the environment, a profile of the AWS files (single sign-on, a process, a role to
assume), a web identity, the role of the container or of the machine. What obstore
finds by itself is left to it; files and roles are read by botocore, an extra that is
imported for them alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sparkify.config import Settings
from sparkify.errors import ConfigError, SourceError
from sparkify.sources import aws

if TYPE_CHECKING:
    from obstore.store import S3Credential

Provider = Callable[[], "S3Credential"]

# obstore asks again five minutes before the end; botocore renews fifteen before.
_GOOD_FOR = timedelta(minutes=10)
_SESSION = "sparkify-elt"


def find_provider(settings: Settings) -> Provider | None:
    """What gives credentials; None leaves it to obstore.

    Raises ConfigError, SourceError.
    """
    if settings.s3_anonymous:
        return None
    if bool(settings.aws_key) != bool(settings.aws_secret):
        raise ConfigError(f"{settings.file}: [AWS] KEY and SECRET go together.")
    if settings.s3_role_arn:
        return _checked(_assume_role(settings))
    if settings.aws_key and not settings.aws_profile:
        return _static(settings)
    if settings.aws_profile or settings.aws_files:
        return _profile(settings)
    return None


def _static(settings: Settings) -> Provider:
    """Exactly these: a token of the environment would not belong to them."""
    credential: S3Credential = {
        "access_key_id": settings.aws_key,
        "secret_access_key": settings.aws_secret,
        "token": settings.aws_token or None,
        "expires_at": None,
    }
    return lambda: credential


def _profile(settings: Settings) -> Provider | None:
    try:
        session = _session(settings)
    except ConfigError:
        # AWS files alone may hold no more than a region.
        if settings.aws_profile:
            raise
        return None
    try:
        credentials = session.get_credentials()
    except _errors() as error:
        raise _refused(error) from None
    if credentials is None:
        return None

    def provide() -> S3Credential:
        frozen = credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _GOOD_FOR,
        }

    return _checked(provide)


def _assume_role(settings: Settings) -> Provider:
    session = _session(settings)

    def provide() -> S3Credential:
        region = settings.aws_region or session.get_config_variable("region")
        sts = session.create_client(
            "sts", region_name=region or "us-east-1", **aws.keys(settings)
        )
        answer = sts.assume_role(
            RoleArn=settings.s3_role_arn, RoleSessionName=_SESSION
        )["Credentials"]
        return {
            "access_key_id": answer["AccessKeyId"],
            "secret_access_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            # obstore takes no other class of time zone than this one.
            "expires_at": answer["Expiration"].astimezone(UTC),
        }

    return provide


def _session(settings: Settings) -> Any:
    try:
        from botocore.session import Session
    except ImportError:
        raise ConfigError(
            "Profiles, single sign-on and roles to assume need botocore: "
            "`pip install 'sparkify-elt[aws]'`."
        ) from None
    return Session(profile=settings.aws_profile or None)


def _checked(provide: Provider) -> Provider:
    """A provider whose failures are ours; asked once, so that they come early."""

    def checked() -> S3Credential:
        try:
            return provide()
        except _errors() as error:
            raise _refused(error) from None

    checked()
    return checked


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return BotoCoreError, ClientError, ResponseParserError


def _refused(error: Exception) -> SourceError:
    return SourceError(
        f"AWS credentials: {aws.told(error)}; check [AWS] PROFILE and [S3] "
        "ROLE_ARN, or sign in again."
    )
