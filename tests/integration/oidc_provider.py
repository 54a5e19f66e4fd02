"""A provider of OpenID Connect made of authlib's own server pieces, and one that lies where a test asks it to."""

import base64
import hmac
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "broadcast-board", "s3:cret/&ü"
_KEYS = tuple(RSAKey.generate_key(2048, {"kid": f"k{each}"}) for each in range(2))


@dataclass
class Lies:
    """What it does otherwise than it should. claims: in place of the true ones (None: left out); key: it signs with one
    that nobody knows; algorithm: `none`, or `HS256` with its public key for a secret."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: bool = False
    algorithm: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass
class Provider:
    """Of one client, whose secret is SECRET. user: who sits at the browser. asked: for tokens, how often."""

    issuer: str = ""
    redirect: str = ""
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u1", "preferred_username": "an.nguyen", "groups": ["epi"]}
    )
    lies: Lies = field(default_factory=Lies)
    codes: dict[str, Any] = field(default_factory=dict)
    keys: list[RSAKey] = field(default_factory=lambda: [_KEYS[0]])
    asked: int = 0

    def turn_keys(self) -> None:
        """It signs with another one from now on, as providers do every some weeks."""
        self.keys.insert(0, _KEYS[len(self.keys)])


class _Client:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self._provider.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self._provider.redirect

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class _Request(OAuth2Request):  # type: ignore[misc]
    def __init__(self, request: web.Request, form: dict[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=dict(request.headers))
        self._query, self._form = dict(request.query), form
        self.payload = BasicOAuth2Payload({**self._query, **form})

    @property
    def args(self) -> dict[str, str]:
        return self._query

    @property
    def form(self) -> dict[str, str]:
        return self._form


class _Server(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(["openid", "profile"])
        self._client = _Client(provider)
        self.register_token_generator(
            "default",
            lambda **how: {
                "token_type": "Bearer",
                "access_token": secrets.token_hex(8),
                "scope": how["scope"],
            },
        )
        self.register_grant(_grant(provider), [_id_token(provider), CodeChallenge(required=True)])

    def query_client(self, client_id: str) -> _Client | None:
        return self._client if client_id == CLIENT else None

    def save_token(self, token: Any, request: Any) -> None:
        """Nobody asks for anything with it."""

    def send_signal(self, name: str, *args: Any, **how: Any) -> None:
        """To nobody."""

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return request if isinstance(request, OAuth2Request) else _Request(*request)

    def handle_response(self, status: int, body: Any, headers: Any) -> web.Response:
        if isinstance(body, dict):
            return web.json_response(body, status=status)
        return web.Response(status=status, text=body or "", headers=dict(headers))


def _grant(provider: Provider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            said = request.payload.data
            provider.codes[code] = SimpleNamespace(
                code=code,
                user=request.user,
                code_challenge=said.get("code_challenge"),
                code_challenge_method=said.get("code_challenge_method"),
                get_redirect_uri=lambda: request.payload.redirect_uri,
                get_scope=lambda: request.payload.scope,
                get_nonce=lambda: said.get("nonce"),
                get_auth_time=lambda: int(time.time()),
                get_acr=lambda: None,
                get_amr=lambda: None,
            )

        def query_authorization_code(self, code: str, client: Any) -> Any:
            return provider.codes.get(code)

        def delete_authorization_code(self, found: Any) -> None:
            del provider.codes[found.code]

        def authenticate_user(self, found: Any) -> Any:
            return found.user

    return Grant


def _id_token(provider: Provider) -> OpenIDCode:
    class Code(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return False

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            now = int(time.time())
            return {"iss": provider.issuer, "aud": [CLIENT], "exp": now + 300, "iat": now}

        def resolve_client_private_key(self, client: Any) -> Any:
            return provider.keys[0]

        def get_encode_header(self, client: Any) -> dict[str, Any]:
            return {"alg": "RS256", "kid": provider.keys[0].kid}

        def generate_user_info(self, user: Any, scope: str) -> UserInfo:
            return UserInfo(user)

        def encode_id_token(self, token: Any, request: Any) -> str:
            true = super().encode_id_token(token, request)
            return _lied(provider, true)

    return Code(require_nonce=True)


def _lied(provider: Provider, true: str) -> str:
    lies, key = provider.lies, provider.keys[0]
    if lies == Lies():
        return true
    claims = {**jwt.decode(true, key, algorithms=["RS256"]).claims, **lies.claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    if lies.algorithm != "RS256":
        return _forged({"alg": lies.algorithm, "kid": key.kid}, claims, key.as_pem(private=False))
    signs = RSAKey.import_key(_KEYS[1].as_dict(private=True), {"kid": key.kid}) if lies.key else key
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, signs, ["RS256"])


def _forged(header: dict[str, Any], claims: dict[str, Any], public: bytes) -> str:
    """Without a signature, or with one that whoever has the public key can make."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims)]
    text = b".".join(parts)
    seal = hmac.digest(public, text, "sha256") if header["alg"] == "HS256" else b""
    return f"{text.decode()}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """One on a free port, at http://127.0.0.1."""
    provider = Provider()
    server = _Server(provider)
    app = web.Application()

    async def metadata(_request: web.Request) -> web.Response:
        said = {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
        }
        return web.json_response({**said, **provider.lies.metadata}, status=provider.lies.status)

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response(KeySet(provider.keys).as_dict(private=False))

    async def authorize(request: web.Request) -> web.Response:
        asked = _Request(request, {})
        grant = server.get_consent_grant(asked, end_user=provider.user)
        return server.create_authorization_response(asked, grant_user=provider.user, grant=grant)

    async def token(request: web.Request) -> web.Response:
        provider.asked += 1
        form = {name: str(value) for name, value in (await request.post()).items()}
        return server.create_token_response(_Request(request, form))

    handlers: dict[str, Callable[..., Any]] = {
        "/.well-known/openid-configuration": metadata, "/keys": keys, "/authorize": authorize,
    }  # fmt: skip
    app.add_routes(
        [*(web.get(path, handler) for path, handler in handlers.items()), web.post("/token", token)]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    before = os.environ.get("AUTHLIB_INSECURE_TRANSPORT")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # of this provider: it is on 127.0.0.1
    try:
        yield provider
    finally:
        os.environ.pop("AUTHLIB_INSECURE_TRANSPORT") if before is None else None
        await runner.cleanup()
