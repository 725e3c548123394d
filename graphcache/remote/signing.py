"""What proves to S3 who asks: the user's AWS credentials, by way of the extra `s3`."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from graphcache.remote.locations import NotFetched

_REGION = "us-east-1"
"""Where no region is named."""


def signature(url: str) -> dict[str, str]:
    """Headers that sign a GET of that address now; none without credentials or without the extra.

    They are looked for where AWS's own tools look: in the environment (AWS_ACCESS_KEY_ID,
    AWS_PROFILE and so on), in the user's AWS files, and on a machine of AWS in its role.

    Raises:
        NotFetched: there are credentials, but they can't be used.
    """
    try:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return {}
    try:
        credentials = _session().get_credentials()
        if credentials is None:
            return {}
        request = AWSRequest("GET", url)
        S3SigV4Auth(credentials.get_frozen_credentials(), "s3", region()).add_auth(request)
    except BotoCoreError as error:
        raise NotFetched(f"the AWS credentials can't be used: {error}") from None
    return dict(request.headers.items())


def region() -> str:
    """The region for which requests are signed."""
    said = os.environ.get("AWS_REGION") or _session().get_config_variable("region")
    return str(said or _REGION)


def endpoint() -> str | None:
    """The server that AWS's own files name for S3; None if they name none, or without the extra.

    The environment's comes before it: see `web_address`.
    """
    try:
        from botocore.configprovider import ConfiguredEndpointProvider
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return None
    try:
        of_profile = _session().get_scoped_config()
        found = ConfiguredEndpointProvider(_session().full_config, of_profile, "s3").provide()
    except BotoCoreError:  # said where credentials are looked for
        return None
    return str(found) if found else None


@cache
def _session() -> Any:
    from botocore.session import Session

    return Session()
