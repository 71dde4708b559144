"""Evidence in an S3-compatible store, one object each, named by its CID below a prefix.

A put carries its sha-256 (x-amz-checksum-sha256), which the store compares with what arrived, and ``If-None-Match: *``,
by which it writes no object over another. Stores that ignore either are caught by the check at the next read. Keys come
from where boto3 finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, the machine's role.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from carbon_tokens.errors import EvidenceError, ExtraMissing
from carbon_tokens.evidence.cid import cid_of, digest_of
from carbon_tokens.evidence.store import checked, missing

_GONE = ("404", "NoSuchKey", "NotFound")
_THERE = ("PreconditionFailed", "412", "ConditionalRequestConflict")  # the latter: another writes it now
_SECONDS = 20


class S3:
    """A bucket, and a prefix in it, as a store of evidence. ``endpoint``: URL, AWS without it."""

    def __init__(self, bucket: str, prefix: str = "", endpoint: str = "", region: str = "") -> None:
        self.bucket, self.prefix = bucket, f"{prefix}/" if prefix else ""
        self._endpoint, self._region = endpoint, region or "us-east-1"

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix} at {urlsplit(self._endpoint).netloc or 'AWS'}"

    def put(self, content: bytes) -> str:
        cid = cid_of(content)
        if self.has(cid):
            self.get(cid)
            return cid
        said = base64.b64encode(digest_of(cid)).decode()
        given = {"Body": content, "ChecksumAlgorithm": "SHA256", "ChecksumSHA256": said, "IfNoneMatch": "*"}
        if self._ask("put_object", cid, _THERE, **given) is None:
            self.get(cid)
        return cid

    def get(self, cid: str) -> bytes:
        digest_of(cid)
        found = self._ask("get_object", cid, _GONE)
        if found is None:
            raise missing(cid, self.name)
        return checked(self._said(cid, found["Body"].read), cid, self.name)

    def has(self, cid: str) -> bool:
        digest_of(cid)
        return self._ask("head_object", cid, _GONE) is not None

    def delete(self, cid: str) -> None:
        digest_of(cid)
        self._ask("delete_object", cid, _GONE)

    def names(self) -> Iterator[str]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix))
        while page := self._said("its list", lambda: next(pages, None)):
            keys = (each["Key"].removeprefix(self.prefix) for each in page.get("Contents", ()))
            yield from (key for key in keys if key.startswith("bafkrei"))

    def _ask(self, what: str, cid: str, allowed: tuple[str, ...], **given: Any) -> Any:
        """An answer of the store; None for an error that is allowed. Raises EvidenceError for others."""
        method = getattr(self._client, what)
        return self._said(cid, lambda: method(Bucket=self.bucket, Key=self.prefix + cid, **given), allowed)

    def _said(self, of: str, do: Callable[[], Any], allowed: tuple[str, ...] = ()) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            return do()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in allowed:
                return None
            raise self._failed(of, code) from None  # a message of the store may name the key id
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise self._failed(of, type(error).__name__) from None

    def _failed(self, of: str, why: str) -> EvidenceError:
        return EvidenceError(f"the store refuses {of}, or does not answer ({why})", where=self.name,
                             todo="Check the address, and the keys in the environment.")  # fmt: skip

    @cached_property
    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ModuleNotFoundError as error:
            raise ExtraMissing("S3 needs boto3", todo="pip install 'carbon-tokens[evidence]'") from error
        # Other checksums would be trailers of a chunked body, which smaller servers keep as part of the object.
        config = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 3},
                        request_checksum_calculation="when_required", response_checksum_validation="when_required",
                        s3={"addressing_style": "path" if self._endpoint else "auto"})  # fmt: skip
        return boto3.session.Session().client(
            "s3", endpoint_url=self._endpoint or None, region_name=self._region, config=config
        )
