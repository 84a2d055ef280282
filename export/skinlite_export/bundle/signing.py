"""Sign a bundle, and prove who signed it: Ed25519 (RFC 8032) over manifest.json, byte by byte.

The manifest has the hash of every other file, so that its signature is the bundle's. The 64 bytes
lie beside it in ``manifest.json.sig``, as ``openssl pkeyutl -rawin`` writes and checks them. Keys
are PEM files; a private one is only read, by `read_private_key`, and kept nowhere.
"""

import shlex
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from skinlite.errors import InputError
from skinlite.files.read_write import read_regular, write_atomically
from skinlite_export.bundle.folder import MANIFEST, SIGNATURE, check_is_bundle

MAKE = "openssl genpkey -algorithm ed25519 -out KEY.pem"
PUBLISH = "openssl pkey -in KEY.pem -pubout -out PUB.pem"
MOST = 1 << 16
"""Bytes of a key file; one of ours has about 120."""


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The key to sign with.

    Raises:
        InputError: it is missing, encrypted, a public one, of another kind, or no PEM file.
    """
    content = read_regular(path, MOST)
    if b"PUBLIC KEY-----" in content:
        raise InputError(
            f"{path} is a public key, which only checks signatures. To sign, give the private key."
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError as error:
        raise InputError(
            f"{path} is encrypted, and skinlite doesn't ask for a passphrase. Use openssl: openssl "
            f"pkeyutl -sign -rawin -inkey {path} -in BUNDLE/{MANIFEST} -out BUNDLE/{SIGNATURE}"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{path} isn't a private key in PEM, or it is damaged. Make one with: {MAKE}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} {_other(key)}. Make an Ed25519 key with: {MAKE}")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The key to check with.

    Raises:
        InputError: it is missing, a private one, of another kind, or no PEM file.
    """
    content = read_regular(path, MOST)
    if b"PRIVATE KEY-----" in content:
        raise InputError(
            f"{path} is a private key, which only the signer should have. Check with the public "
            f"key: {PUBLISH}"
        )
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{path} isn't a public key in PEM, or it is damaged. Make it from the private key "
            f"with: {PUBLISH}"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path} {_other(key)}. Bundles are signed with Ed25519 keys.")
    return key


def sign(bundle: Path, key: Ed25519PrivateKey) -> None:
    """Sign a bundle folder whose manifest is final."""
    write_atomically(bundle / SIGNATURE, key.sign(read_regular(bundle / MANIFEST)))


def check_signature(bundle: Path, key: Ed25519PublicKey) -> str:
    """Prove that the owner of the key signed a bundle's manifest; nothing of it is believed before.

    Returns:
        A line that says so.

    Raises:
        InputError: it isn't signed, or not by this key, or was changed since; or is no bundle.
    """
    check_is_bundle(bundle)
    if not (bundle / SIGNATURE).exists():
        raise InputError(
            f"{bundle} isn't signed (it has no {SIGNATURE}), so it is unknown who made it. Sign it "
            f"with: skinlite sign {shlex.quote(str(bundle))} `key=KEY.pem`"
        )
    try:
        key.verify(read_regular(bundle / SIGNATURE, MOST), read_regular(bundle / MANIFEST))
    except InvalidSignature as error:
        raise InputError(
            f"{bundle} wasn't signed by this key, or its {MANIFEST} or {SIGNATURE} was changed "
            f"after signing. Don't ship it."
        ) from error
    return "signature: made by this key"


def _other(key: object) -> str:
    kind = type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")
    return f"is a key of another kind ({kind})"
