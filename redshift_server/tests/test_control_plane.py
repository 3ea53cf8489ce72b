"""boto3 against the stub of AWS's control plane."""

from __future__ import annotations

import json
from typing import Any

import boto3
import psycopg2
import pytest
from botocore.exceptions import ClientError
from support import live

from redshift_server import RedshiftServer

pytestmark = live


@pytest.fixture
def aws(redshift_server: RedshiftServer) -> Any:
    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=redshift_server.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return make


def user_of(server: RedshiftServer, login: str, password: str) -> str:
    connection = psycopg2.connect(server.dsn_for(login, password))
    cursor = connection.cursor()
    cursor.execute("select current_user")
    row = cursor.fetchone()
    connection.close()
    assert row is not None
    return str(row[0])


def test_cluster_credentials(aws: Any, redshift_server: RedshiftServer) -> None:
    answer = aws("redshift").get_cluster_credentials(
        ClusterIdentifier=redshift_server.cluster,
        DbUser="batch",
        AutoCreate=True,
        DurationSeconds=900,
    )
    assert answer["DbUser"] == "IAMA:batch"
    assert answer["Expiration"].tzinfo is not None
    assert user_of(redshift_server, answer["DbUser"], answer["DbPassword"]) == "batch"


def test_credentials_of_an_existing_user(
    aws: Any, redshift_server: RedshiftServer
) -> None:
    server = redshift_server
    answer = aws("redshift").get_cluster_credentials(
        ClusterIdentifier=server.cluster, DbUser=server.user
    )
    assert answer["DbUser"] == f"IAM:{server.user}"
    assert user_of(server, answer["DbUser"], answer["DbPassword"]) == server.user


def test_cluster_credentials_with_iam(
    aws: Any, redshift_server: RedshiftServer
) -> None:
    answer = aws("redshift").get_cluster_credentials_with_iam(
        ClusterIdentifier=redshift_server.cluster
    )
    user = user_of(redshift_server, answer["DbUser"], answer["DbPassword"])
    assert user == answer["DbUser"]


def test_duration_is_limited(aws: Any, redshift_server: RedshiftServer) -> None:
    with pytest.raises(ClientError, match="DurationSeconds"):
        aws("redshift").get_cluster_credentials(
            ClusterIdentifier=redshift_server.cluster, DbUser="x", DurationSeconds=10
        )


def test_unknown_cluster(aws: Any) -> None:
    client = aws("redshift")
    with pytest.raises(client.exceptions.ClusterNotFoundFault):
        client.describe_clusters(ClusterIdentifier="other")


def test_describe_clusters(aws: Any, redshift_server: RedshiftServer) -> None:
    (cluster,) = aws("redshift").describe_clusters()["Clusters"]
    assert cluster["ClusterStatus"] == "available"
    assert cluster["Endpoint"]["Port"] == redshift_server.port
    assert cluster["Endpoint"]["Address"] == redshift_server.host


def test_serverless(aws: Any, redshift_server: RedshiftServer) -> None:
    client = aws("redshift-serverless")
    answer = client.get_credentials(workgroupName=redshift_server.workgroup)
    assert answer["dbUser"].startswith("IAMR:")
    user = user_of(redshift_server, answer["dbUser"], answer["dbPassword"])
    assert user == answer["dbUser"]
    workgroup = client.get_workgroup(workgroupName=redshift_server.workgroup)
    assert workgroup["workgroup"]["endpoint"]["port"] == redshift_server.port
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_workgroup(workgroupName="other")


def test_secret(aws: Any, redshift_server: RedshiftServer) -> None:
    answer = aws("secretsmanager").get_secret_value(SecretId=redshift_server.secret_arn)
    secret = json.loads(answer["SecretString"])
    user = user_of(redshift_server, secret["username"], secret["password"])
    assert user == redshift_server.user
