"""Who made a bundle: its signature holds for one key, and openssl agrees."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.locks import OLD, beside
from skinlite.training.input.prepare import Prepared
from skinlite.training.runs.run import Run
from skinlite_export.bundle.folder import MANIFEST, SIGNATURE, Bundle, open_bundle, write_manifest
from skinlite_export.bundle.kits import add_kits
from skinlite_export.bundle.signing import (
    check_signature,
    read_private_key,
    read_public_key,
    sign,
)
from skinlite_export.recipe import Recipe

Skinlite = Callable[..., Any]


def private(key: Any, password: bytes | None = None) -> bytes:
    kept = pem.BestAvailableEncryption(password) if password else pem.NoEncryption()
    made: bytes = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, kept)
    return made


def public(key: Any) -> bytes:
    spki = pem.PublicFormat.SubjectPublicKeyInfo
    made: bytes = key.public_key().public_bytes(pem.Encoding.PEM, spki)
    return made


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private key, and its public half."""
    key = Ed25519PrivateKey.generate()
    paths = tmp_path / "key.pem", tmp_path / "pub.pem"
    for path, content in zip(paths, (private(key), public(key)), strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture
def plain(exported: Callable[..., Bundle], tmp_path: Path) -> Bundle:
    """A bundle to be signed."""
    shutil.copytree(exported().path, tmp_path / "bundle")
    return open_bundle(tmp_path / "bundle")


@pytest.fixture
def signed(plain: Bundle, keys: tuple[Path, Path]) -> Bundle:
    sign(plain.path, read_private_key(keys[0]))
    return plain


def test_sign_and_verify(skinlite: Skinlite, plain: Bundle, keys: tuple[Path, Path]) -> None:
    key, pub = keys
    before = (plain.path / MANIFEST).read_bytes()
    code, _, err = skinlite("verify", plain.path, "--key", pub)
    assert code == 2 and "isn't signed" in err and "skinlite sign" in err
    code, out, err = skinlite("sign", plain.path, "--key", key)
    assert (code, err) == (0, "") and out.strip().endswith(SIGNATURE)
    assert len((plain.path / SIGNATURE).read_bytes()) == 64
    assert (plain.path / MANIFEST).read_bytes() == before
    secret = b"".join(key.read_bytes().splitlines()[1:-1])
    for path in plain.path.rglob("*"):  # the key is nowhere in it
        assert path.is_dir() or secret not in path.read_bytes()
    code, out, err = skinlite("verify", plain.path, "--key", pub)
    assert (code, err) == (0, "") and "signature: made by this key" in out
    code, out, _ = skinlite("verify", plain.path)
    assert code == 0 and "signature: not checked; give the public key with --key" in out


def test_openssl_reads_ours_and_we_read_its(plain: Bundle, tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl")
    key, pub = tmp_path / "key.pem", tmp_path / "pub.pem"

    def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True)

    openssl("genpkey", "-algorithm", "ed25519", "-out", key)
    openssl("pkey", "-in", key, "-pubout", "-out", pub)
    message, signature = plain.path / MANIFEST, plain.path / SIGNATURE
    sign(plain.path, read_private_key(key))
    told = openssl(
        *("pkeyutl", "-verify", "-pubin", "-rawin", "-inkey", pub),
        *("-in", message, "-sigfile", signature),
    )
    assert "Signature Verified Successfully" in told.stdout
    signature.unlink()
    openssl("pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message, "-out", signature)
    check_signature(plain.path, read_public_key(pub))


@pytest.mark.parametrize("damage", ["manifest", "signature", "empty", "long", "another key"])
def test_what_was_not_signed_so_is_refused(
    signed: Bundle, keys: tuple[Path, Path], damage: str
) -> None:
    manifest, signature = signed.path / MANIFEST, signed.path / SIGNATURE
    if damage == "manifest":  # with its seal made anew
        write_manifest(signed.path, signed.manifest.model_copy(update={"notice": "none"}))
    elif damage == "signature":
        signature.write_bytes(bytes(64))
    elif damage == "empty":
        signature.write_bytes(b"")
    elif damage == "long":
        signature.write_bytes(signature.read_bytes() + b"\n")
    else:
        keys[1].write_bytes(public(Ed25519PrivateKey.generate()))
    assert manifest.is_file()
    with pytest.raises(InputError, match=r"wasn't signed by this key.*Don't ship"):
        check_signature(signed.path, read_public_key(keys[1]))


def test_the_signature_is_checked_before_anything_is_believed(
    skinlite: Skinlite, signed: Bundle, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    (signed.path / MANIFEST).write_text("no JSON")
    code, out, err = skinlite("verify", signed.path, "--key", keys[1])
    assert (code, out) == (2, "") and "wasn't signed by this key" in err
    code, _, err = skinlite("verify", tmp_path, "--key", keys[1])
    assert code == 2 and "is not a bundle" in err


def test_a_bundle_that_a_killed_kit_moved_away_is_put_back(
    skinlite: Skinlite, signed: Bundle, keys: tuple[Path, Path]
) -> None:
    signed.path.replace(beside(signed.path, OLD))
    code, out, err = skinlite("verify", signed.path, "--key", keys[1])
    assert (code, err) == (0, "") and "signature: made by this key" in out


def test_a_pipe_is_no_signature(signed: Bundle, keys: tuple[Path, Path]) -> None:
    (signed.path / SIGNATURE).unlink()
    os.mkfifo(signed.path / SIGNATURE)
    with pytest.raises(InputError, match=rf"{SIGNATURE} is a pipe, not a regular file"):
        check_signature(signed.path, read_public_key(keys[1]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda key: private(rsa.generate_private_key(65537, 2048)), r"another kind \(RSA\).*gen"),
        (lambda key: private(ec.generate_private_key(ec.SECP256R1())), r"another kind \(EC\)"),
        (lambda key: private(key, b"secret"), "is encrypted.*openssl pkeyutl -sign"),
        (public, "is a public key"),
        (lambda key: b"no key", "isn't a private key in PEM.*genpkey"),
        (lambda key: private(key)[:60], "isn't a private key in PEM"),
        (lambda key: bytes(70_000), "more than"),
    ],
)
def test_a_private_key_that_is_none(
    tmp_path: Path, content: Callable[[Any], bytes], told: str
) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(content(Ed25519PrivateKey.generate()))
    with pytest.raises(InputError, match=told):
        read_private_key(path)
    with pytest.raises(InputError, match="There is no"):
        read_private_key(tmp_path / "absent.pem")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda key: public(rsa.generate_private_key(65537, 2048)), r"another kind \(RSA\)"),
        (private, "is a private key, which only the signer.*-pubout"),
        (lambda key: b"-----BEGIN PUBLIC KEY-----\nxx", "isn't a public key in PEM"),
    ],
)
def test_a_public_key_that_is_none(
    tmp_path: Path, content: Callable[[Any], bytes], told: str
) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(content(Ed25519PrivateKey.generate()))
    with pytest.raises(InputError, match=told):
        read_public_key(path)


def test_a_kit_does_not_go_into_what_was_signed(signed: Bundle, tmp_path: Path) -> None:
    shutil.rmtree(signed.path / "kits")
    files = {n: one for n, one in signed.manifest.files.items() if not n.startswith("kits/")}
    write_manifest(signed.path, signed.manifest.model_copy(update={"files": files}))
    bundle = open_bundle(signed.path)
    with pytest.raises(InputError, match=r"is signed, and a kit changes.*`out`.*skinlite sign"):
        add_kits(bundle, ("web",))
    with pytest.warns(SkinliteWarning, match="is signed, .* isn't"):
        made = add_kits(bundle, ("web",), tmp_path / "copy")
    assert bundle.signed and not made.signed


def test_an_export_is_signed_unless_it_is_rejected(
    kept_run: Run,
    conv_prepared: Prepared,
    tmp_path: Path,
    keys: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    skinlite: Skinlite,
) -> None:
    from skinlite_export.export_run import export_run

    recipe, key = Recipe(quantize="none", onnx="float32", gates=None), read_private_key(keys[0])
    made = export_run(kept_run, conv_prepared, recipe, tmp_path / "made", key=key)
    check_signature(made.path, read_public_key(keys[1]))
    monkeypatch.setattr("skinlite_export.export_run.status_of", lambda *_: "rejected")
    assert not export_run(kept_run, conv_prepared, recipe, tmp_path / "other", key=key).signed
    # A key that is none is told before the work.
    code, _, err = skinlite("export", "--sign", keys[1], "--model", tmp_path / "absent")
    assert code == 2 and "is a public key" in err


def test_what_is_refused_is_not_signed(
    skinlite: Skinlite, plain: Bundle, keys: tuple[Path, Path]
) -> None:
    (plain.path / "labels.txt").write_text("nv\n")
    code, _, err = skinlite("sign", plain.path, "--key", keys[0])
    assert code == 2 and "labels.txt was changed" in err and not plain.signed
