"""What Redshift says when it fails, sorted by what to do next.

Most of it comes as SQLSTATE XX000, so the words count.
"""

from __future__ import annotations

from collections.abc import Mapping

from sparkify.engines.libpq import Meaning
from sparkify.errors import SourceChanged, TransientError, WarehouseError


class LoadRefused(WarehouseError):
    """COPY has met a record that it cannot take; the views tell which."""


_AGAIN = "another transaction was in the way; run again. {said}"
_RIGHT = (
    "the role of [IAM_ROLE] ARN may not read what is to be copied: {said}; grant it "
    "s3:GetObject and s3:ListBucket on data and SPOOL, and kms:Decrypt where there is "
    "a key."
)

# The first sign that stands in the text of an error counts.
SIGNS: Mapping[str, Meaning] = {
    "Serializable isolation violation": (TransientError, _AGAIN),
    "conflict with concurrent transaction": (TransientError, _AGAIN),
    "deadlock detected": (TransientError, _AGAIN),
    "could not open relation with OID": (
        TransientError,
        "a table was replaced while it was read; run again.",
    ),
    "resize mode": (
        TransientError,
        "the cluster is being resized; try again when that has ended.",
    ),
    "is not authorized to assume": (
        WarehouseError,
        "{said}; attach the role of [IAM_ROLE] ARN to the cluster or namespace, and "
        "let it trust redshift.amazonaws.com.",
    ),
    "Access Denied": (WarehouseError, _RIGHT),
    "AccessDenied": (WarehouseError, _RIGHT),
    "must be addressed using the specified endpoint": (
        WarehouseError,
        "the bucket is in another region; set [S3] REGION to it.",
    ),
    "bucket does not exist": (
        WarehouseError,
        "{said}; check LOG_DATA, SONG_DATA and SPOOL.",
    ),
    "in the manifest was not found": (SourceChanged, "{said}; run again."),
    "S3 prefix": (SourceChanged, "{said}; run again."),
    "specified key does not exist": (SourceChanged, "{said}; run again."),
    "Error SlowDown": (TransientError, "S3 is busy; try again later. {said}"),
    "Error InternalError": (TransientError, "S3 is faulty; try again later. {said}"),
    "Error ServiceUnavailable": (
        TransientError,
        "S3 is busy; try again later. {said}",
    ),
    "Load into table": (LoadRefused, "{said}"),
    "decompress": (LoadRefused, "{said}"),
    "Disk Full": (
        WarehouseError,
        "the disks of the cluster are full; free some room, or add nodes. The "
        "warehouse is as it was.",
    ),
    "must be owner": (
        WarehouseError,
        "{said}; load as the user who created the tables.",
    ),
}

# Codes of SYS_LOAD_ERROR_DETAIL, and what helps.
REMEDIES: Mapping[int, str] = {
    1202: "the record has more values than columns",
    1204: "the text is longer than the column",
    1207: "the value is no whole number",
    1208: "the value is no number",
    1212: "the file has vanished; run again",
    1213: "the column may not be null",
    1216: "the line is no JSON object, or longer than 4 MB",
    1220: "the text is not UTF-8",
    1222: "the number is too great for the column",
    8001: "the manifest does not name a whole address",
}
