"""A stub of the AWS services that hand out credentials for Redshift.

boto3 talks to it through `endpoint_url`. What it grants, the server accepts: both
share one table of users.
"""

from __future__ import annotations

import datetime
import json
import threading
import urllib.parse
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from redshift_server.accounts import Accounts

if TYPE_CHECKING:
    from redshift_server.server import RedshiftServer

Answer = dict[str, Any]
_NAMESPACE = "http://redshift.amazonaws.com/doc/2012-12-01/"
_SECONDS = (900, 3600)


class AwsError(Exception):
    """An error in AWS's form."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ControlPlane:
    """The stub: an HTTP server in a thread of its own."""

    def __init__(self, server: RedshiftServer, accounts: Accounts) -> None:
        plane = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                plane.respond(self)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = server
        self._accounts = accounts
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, name="control-plane", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def stop(self) -> None:
        """Stop the HTTP server."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request in the protocol it came in."""
        length = int(request.headers.get("Content-Length", 0))
        body = request.rfile.read(length).decode()
        target = request.headers.get("X-Amz-Target", "")
        if target:
            status, kind, text = self._json(target, json.loads(body or "{}"))
        else:
            status, kind, text = self._query(dict(urllib.parse.parse_qsl(body)))
        data = text.encode()
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    # -- protocols -----------------------------------------------------------------

    def _query(self, arguments: dict[str, str]) -> tuple[int, str, str]:
        action = arguments.get("Action", "")
        operations: dict[str, Callable[[dict[str, str]], Answer]] = {
            "GetClusterCredentials": self._cluster_credentials,
            "GetClusterCredentialsWithIAM": self._cluster_credentials_with_iam,
            "DescribeClusters": self._describe_clusters,
        }
        try:
            if action not in operations:
                raise AwsError("InvalidAction", f"{action} is not emulated")
            answer = operations[action](arguments)
        except AwsError as problem:
            text = (
                f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type>'
                f"<Code>{problem.code}</Code><Message>{escape(problem.message)}"
                f"</Message></Error><RequestId>{uuid.uuid4()}</RequestId>"
                "</ErrorResponse>"
            )
            return problem.status, "text/xml", text
        text = (
            f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{_xml(answer)}'
            f"</{action}Result><ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId>"
            f"</ResponseMetadata></{action}Response>"
        )
        return 200, "text/xml", text

    def _json(self, target: str, arguments: Answer) -> tuple[int, str, str]:
        operations: dict[str, Callable[[Answer], Answer]] = {
            "RedshiftServerless.GetCredentials": self._credentials,
            "RedshiftServerless.GetWorkgroup": self._get_workgroup,
            "secretsmanager.GetSecretValue": self._secret,
        }
        kind = "application/x-amz-json-1.1"
        try:
            if target not in operations:
                raise AwsError("UnknownOperationException", f"{target} is not emulated")
            return 200, kind, json.dumps(operations[target](arguments))
        except AwsError as problem:
            body = {"__type": problem.code, "message": problem.message}
            return problem.status, kind, json.dumps(body)

    # -- redshift ------------------------------------------------------------------

    def _cluster_credentials(self, arguments: dict[str, str]) -> Answer:
        self._check_cluster(arguments)
        user = arguments.get("DbUser", "")
        create = arguments.get("AutoCreate", "false").lower() == "true"
        prefix = "IAMA" if create else "IAM"
        return self._grant(
            f"{prefix}:{user}",
            _seconds(arguments.get("DurationSeconds")),
            create=create,
        )

    def _cluster_credentials_with_iam(self, arguments: dict[str, str]) -> Answer:
        self._check_cluster(arguments)
        answer = self._grant(
            self._server.caller, _seconds(arguments.get("DurationSeconds")), create=True
        )
        return {**answer, "NextRefreshTime": answer["Expiration"]}

    def _describe_clusters(self, arguments: dict[str, str]) -> Answer:
        if "ClusterIdentifier" in arguments:
            self._check_cluster(arguments)
        server = self._server
        cluster = {
            "ClusterIdentifier": server.cluster,
            "ClusterStatus": "available",
            "MasterUsername": server.user,
            "DBName": server.database,
            "Endpoint": {"Address": server.host, "Port": server.port},
            "NumberOfNodes": 1,
        }
        return {"Clusters": {"Cluster": cluster}}

    def _check_cluster(self, arguments: dict[str, str]) -> None:
        name = arguments.get("ClusterIdentifier", "")
        if name != self._server.cluster:
            raise AwsError("ClusterNotFound", f"Cluster {name} not found.", 404)

    def _grant(self, login: str, seconds: int, *, create: bool) -> Answer:
        password, expires = self._accounts.grant_temporary(
            login, seconds, create=create
        )
        moment = datetime.datetime.fromtimestamp(expires, datetime.UTC)
        return {
            "DbUser": login,
            "DbPassword": password,
            "Expiration": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    # -- redshift-serverless -----------------------------------------------------------

    def _credentials(self, arguments: Answer) -> Answer:
        self._check_workgroup(arguments)
        seconds = _seconds(arguments.get("durationSeconds"))
        password, expires = self._accounts.grant_temporary(
            self._server.caller, seconds, create=True
        )
        return {
            "dbUser": self._server.caller,
            "dbPassword": password,
            "expiration": expires,
            "nextRefreshTime": expires - seconds / 2,
        }

    def _get_workgroup(self, arguments: Answer) -> Answer:
        self._check_workgroup(arguments)
        server = self._server
        return {
            "workgroup": {
                "workgroupName": server.workgroup,
                "status": "AVAILABLE",
                "endpoint": {"address": server.host, "port": server.port},
            }
        }

    def _check_workgroup(self, arguments: Answer) -> None:
        name = arguments.get("workgroupName", "")
        if name != self._server.workgroup:
            raise AwsError(
                "ResourceNotFoundException", f"Workgroup {name} not found.", 404
            )

    # -- secretsmanager --------------------------------------------------------

    def _secret(self, arguments: Answer) -> Answer:
        server, name = self._server, arguments.get("SecretId", "")
        if name not in (server.secret_arn, server.secret_arn.rsplit(":", 1)[-1]):
            raise AwsError(
                "ResourceNotFoundException",
                "Secrets Manager can't find the specified secret.",
            )
        value = {
            "username": server.user,
            "password": server.password,
            "engine": "redshift",
            "host": server.host,
            "port": server.port,
            "dbname": server.database,
            "dbClusterIdentifier": server.cluster,
        }
        return {
            "ARN": server.secret_arn,
            "Name": server.secret_arn.rsplit(":", 1)[-1],
            "SecretString": json.dumps(value),
        }


def _seconds(text: object) -> int:
    seconds = int(str(text)) if text is not None else _SECONDS[0]
    if not _SECONDS[0] <= seconds <= _SECONDS[1]:
        raise AwsError(
            "InvalidParameterValue",
            f"DurationSeconds must be between {_SECONDS[0]} and {_SECONDS[1]}.",
        )
    return seconds


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_xml(item)}</{key}>" for key, item in value.items())
    return escape(str(value))
