"""A strict stand-in for Amazon Redshift, for tests without a cluster.

from redshift_server import RedshiftServer

with RedshiftServer() as server:
    connection = psycopg2.connect(server.dsn)
"""

from redshift_server.errors import ServerStartError
from redshift_server.faults import Fault, Faults
from redshift_server.recording import Statement, Statements
from redshift_server.server import RedshiftServer
from redshift_server.storage import Role

__all__ = [
    "Fault",
    "Faults",
    "RedshiftServer",
    "Role",
    "ServerStartError",
    "Statement",
    "Statements",
]
