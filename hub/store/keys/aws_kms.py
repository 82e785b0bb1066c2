"""A root key in AWS KMS: a symmetric key that never leaves the service.

Needs the extra `warmhandoff[aws]`. Credentials are found as boto3 finds them (environment, profile, instance role);
the hub's settings hold none. The use of each entry is its encryption context, which KMS writes to CloudTrail.
"""

from __future__ import annotations

from hub.errors import KeyringError
from hub.store.keys.wrap import refused


class AwsKmsWrap:
    """The KMS key `key_id` (an id, ARN or alias) in `region`. `endpoint` is another address, as a FIPS endpoint is.

    Raises KeyringError `keys.wrap` when the service cannot be reached or refuses; never with its words.
    """

    def __init__(self, *, key_id: str, region: str, endpoint: str | None = None) -> None:
        try:
            import boto3
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise KeyringError("keys.wrap", "AWS KMS needs the extra warmhandoff[aws]") from None
        self._failures = (BotoCoreError, ClientError)
        self.client = boto3.client("kms", region_name=region, endpoint_url=endpoint)
        self._key_id = key_id
        self.name = f"aws-kms:{key_id}"

    def wrap(self, key: bytes, context: str) -> bytes:
        """Encrypted by the service. Raises KeyringError `keys.wrap`."""
        try:
            answer = self.client.encrypt(KeyId=self._key_id, Plaintext=key, EncryptionContext={"use": context})
        except self._failures as error:
            raise refused(type(error).__name__) from None
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """Decrypted by the service. Raises KeyringError `keys.wrap`."""
        try:
            answer = self.client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext={"use": context})
        except self._failures as error:
            raise refused(type(error).__name__) from None
        return bytes(answer["Plaintext"])
