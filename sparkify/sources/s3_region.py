"""The region of a bucket, as the store tells it."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import quote

_AWS = "https://s3.amazonaws.com"
_TIMEOUT = 5.0


def find_region(bucket: str, endpoint_url: str) -> str:
    """Where the store says that the bucket is; empty when it does not.

    It says so to everyone, also with an error: so the usual region of a user does not
    have to be that of the bucket.
    """
    url = f"{endpoint_url or _AWS}/{quote(bucket)}"
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310  # http(s), or refused by config
    try:
        with _OPENER.open(request, timeout=_TIMEOUT) as response:
            headers = response.headers
    except urllib.error.HTTPError as error:
        headers = error.headers
        error.close()
    except (OSError, ValueError, HTTPException):
        return ""
    return headers.get("x-amz-bucket-region") or ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The answer itself names the region; another address would not."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
