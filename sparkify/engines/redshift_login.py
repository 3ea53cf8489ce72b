"""Who logs in to Redshift: a password, one kept by Secrets Manager, or one for an hour.

AWS is asked by boto3, an extra that is imported for this alone.
"""

from __future__ import annotations

import json
from typing import Any

from sparkify.config import Settings, require
from sparkify.errors import ConfigError, WarehouseError
from sparkify.sources import aws


def login(settings: Settings) -> dict[str, Any]:
    """What to connect with: user, password, and the address where AWS knows it."""
    if settings.db_password:
        require(settings, "host", "db_user")
        return {"user": settings.db_user, "password": settings.db_password}
    if settings.secret_arn:
        return _asked(settings, _secret)
    if settings.workgroup:
        return _asked(settings, _serverless)
    if settings.cluster_identifier:
        return _asked(settings, _provisioned)
    raise ConfigError(
        f"{settings.file}: [CLUSTER] says nobody who may log in; set DB_USER and "
        "DB_PASSWORD, or SECRET_ARN, or CLUSTER_IDENTIFIER or WORKGROUP to log in by "
        "the rights of your AWS identity."
    )


def _secret(settings: Settings, session: Any) -> dict[str, Any]:
    client = session.client("secretsmanager")
    answer = client.get_secret_value(SecretId=settings.secret_arn)
    try:
        secret = json.loads(answer["SecretString"])
        found = {"user": secret["username"], "password": secret["password"]}
    except (KeyError, ValueError):
        raise ConfigError(
            f"{settings.secret_arn}: is no JSON with username and password, as Secrets "
            "Manager keeps for Redshift; correct [CLUSTER] SECRET_ARN."
        ) from None
    return found | _address(settings, secret.get("host"), secret.get("port"))


def _serverless(settings: Settings, session: Any) -> dict[str, Any]:
    client = session.client("redshift-serverless")
    place = {}
    if not settings.host:
        group = client.get_workgroup(workgroupName=settings.workgroup)
        place = group["workgroup"]["endpoint"]
    answer = client.get_credentials(
        workgroupName=settings.workgroup, dbName=settings.db_name
    )
    found = {"user": answer["dbUser"], "password": answer["dbPassword"]}
    return found | _address(settings, place.get("address"), place.get("port"))


def _provisioned(settings: Settings, session: Any) -> dict[str, Any]:
    client = session.client("redshift")
    name = settings.cluster_identifier
    place = {}
    if not settings.host:
        clusters = client.describe_clusters(ClusterIdentifier=name)["Clusters"]
        place = clusters[0]["Endpoint"]
    if settings.db_user:
        answer = client.get_cluster_credentials(
            DbUser=settings.db_user, DbName=settings.db_name, ClusterIdentifier=name
        )
    else:
        answer = client.get_cluster_credentials_with_iam(
            DbName=settings.db_name, ClusterIdentifier=name
        )
    # The user comes with a prefix, which belongs to it.
    found = {"user": answer["DbUser"], "password": answer["DbPassword"]}
    return found | _address(settings, place.get("Address"), place.get("Port"))


def _address(settings: Settings, host: object, port: object) -> dict[str, Any]:
    """Where AWS says the database is, unless the configuration does."""
    if settings.host:
        return {}
    if not host:
        require(settings, "host")
    return {"host": host, "port": port or settings.port}


def _asked(settings: Settings, ask: Any) -> dict[str, Any]:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise ConfigError(
            f"{settings.file}: [CLUSTER] SECRET_ARN, CLUSTER_IDENTIFIER and WORKGROUP "
            "need boto3: `pip install 'sparkify-elt[aws]'`."
        ) from None
    try:
        session = boto3.Session(
            profile_name=settings.aws_profile or None,
            region_name=settings.aws_region or settings.s3_region or None,
            **aws.keys(settings),
        )
        found: dict[str, Any] = ask(settings, session)
    except (BotoCoreError, ClientError) as error:
        raise WarehouseError(
            f"{settings.file}: AWS gives no login: {aws.told(error)}; check [CLUSTER] "
            "and the rights of your AWS identity."
        ) from None
    return found
