"""A local S3 for tests: moto's server on loopback, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "cairn-test"
# Of nobody; the local S3 looks at no signature, but clients will not go without one.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def local_s3() -> Iterator[str]:
    """Run a local S3 with a bucket and yield its endpoint."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        _client(endpoint).create_bucket(Bucket=BUCKET)
        yield endpoint
    finally:
        server.stop()


def overwrite(endpoint: str, key: str, content: bytes) -> None:
    """Replace what is under a key, behind Cairn's back."""
    _client(endpoint).put_object(Bucket=BUCKET, Key=key, Body=content)


def keys(endpoint: str) -> list[str]:
    """Return all keys of the bucket."""
    return [entry["Key"] for entry in _client(endpoint).list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def unfinished_uploads(endpoint: str) -> int:
    """Return how many uploads were begun and neither ended nor called off."""
    return len(_client(endpoint).list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def _client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
