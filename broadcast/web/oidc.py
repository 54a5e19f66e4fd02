"""Looking by the site's own provider: OpenID Connect, code flow with PKCE, state and nonce.

Whoever comes by it may look and no more: there is no role behind it, and every act asks for a login of the database.
What a provider says is asked for by TLS, small, and not waited for long; what it signs authlib and joserfc prove.
"""

import json
import secrets
import ssl
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp

from broadcast.config import Oidc
from broadcast.errors import BroadcastError, ConfigError, RefusedError
from broadcast.languages import N_, _
from broadcast.monitor import board_events as events
from broadcast.monitor.loggable import Count, Word
from broadcast.monitor.logger import logger
from broadcast.visible import visible
from broadcast.web.sessions import Viewer, same

COOKIE: Final = "oidc"
PENDING_S: Final = 600.0
PENDING_MOST: Final = 1_000
ANSWER_S: Final = 10.0
ANSWER_OCTETS: Final = 262_144
KNOWN_S: Final = 3_600.0  # what the provider says of itself is asked for again
CLOCK_S: Final = 120  # by which two machines' clocks may differ
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_NAME_MOST: Final = 100
_REFUSED: Final = N_("Your organisation's login was not accepted: {why}")

log = logger(__name__)


class ProviderError(BroadcastError):
    """The provider of your organisation's logins does not answer as it should: try again, or log in by the database"""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A login that is under way. redirect: where the provider sends its browser."""

    nonce: str
    verifier: str
    redirect: str
    began_at: float


class Provider:
    """Of one board. Raises ConfigError where authlib is not installed, or the secret or the authority's file cannot be
    read."""

    def __init__(self, settings: Oidc) -> None:
        try:
            import authlib.oidc.core  # noqa: F401 - the extra is there, or this is said at the start
        except ImportError as error:
            raise ConfigError(_("[board.oidc] needs authlib: pip install 'broadcast[oidc]'")) from error
        self._settings, self._secret = settings, settings.client_secret()
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as error:
            raise ConfigError(
                _(
                    "board.oidc.ca_file {path} cannot be used: {why}",
                    path=settings.ca_file,
                    why=error.strerror,
                )
            ) from error
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._said: Mapping[str, Any] = {}
        self._keys: Mapping[str, Any] = {}
        self._said_until = float("-inf")

    async def begin(self, redirect: str, now: float) -> tuple[str, str]:
        """Where the browser goes, and the state that it keeps meanwhile. redirect: our own address. Raises
        ProviderError."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        said = await self._metadata(now)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _each in range(3))
        while self._pending and (
            len(self._pending) >= PENDING_MOST
            or now - next(iter(self._pending.values())).began_at >= PENDING_S
        ):
            self._pending.popitem(last=False)
        self._pending[state] = _Pending(nonce, verifier, redirect, now)
        address: str = prepare_grant_uri(
            said["authorization_endpoint"],
            self._settings.client_id,
            "code",
            redirect_uri=redirect,
            scope=list(self._settings.scopes),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return address, state

    async def back(self, query: Mapping[str, str], kept: str, now: float) -> Viewer:
        """Who came back from the provider. kept: the browser's state. Raises RefusedError, ProviderError."""
        state = query.get("state", "")
        pending = self._pending.pop(state, None) if state and same(state, kept) else None
        if pending is None or now - pending.began_at >= PENDING_S:
            raise RefusedError(_(_REFUSED, why=_("it was begun too long ago, or elsewhere: begin again")))
        if "code" not in query:
            raise RefusedError(_(_REFUSED, why=visible(query.get("error", "?"))[:_NAME_MOST]))
        said = await self._metadata(now)
        issuer = query.get("iss")  # RFC 9207
        if issuer is not None and issuer != said["issuer"]:
            raise RefusedError(_(_REFUSED, why=_("another provider answered")))
        token = await self._token(said["token_endpoint"], query["code"], pending)
        return self._viewer(await self._claims(token, pending.nonce, said))

    async def _token(self, endpoint: str, code: str, pending: _Pending) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.redirect,
            "code_verifier": pending.verifier,
            "client_id": self._settings.client_id,
        }
        headers = {"Authorization": self._basic()} if self._secret else {}
        return await self._ask("POST", endpoint, headers, data=form)

    def _basic(self) -> str:
        """Id and secret are encoded by themselves first (RFC 6749 §2.3.1)."""
        pair = f"{quote(self._settings.client_id, safe='')}:{quote(self._secret, safe='')}"
        return f"Basic {b64encode(pair.encode()).decode()}"

    async def _claims(
        self, token: Mapping[str, Any], nonce: str, said: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Of an ID token that is the provider's, for us, of now, of this login. Raises RefusedError, ProviderError."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        own = self._settings.client_id
        options: Any = {
            "iss": {"essential": True, "value": said["issuer"]},
            "aud": {"essential": True, "value": own},
        }
        params = {"nonce": nonce, "client_id": own, "access_token": token.get("access_token")}
        try:
            decoded = await self._decoded(str(token.get("id_token", "")), said)
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(leeway=CLOCK_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log(events.BOARD_TOKEN_REFUSED, kind=Word(type(error).__name__))
            raise RefusedError(_(_REFUSED, why=_("what it signed cannot be proved"))) from error
        audience = claims["aud"]
        if claims["iss"] != said["issuer"] or own not in (
            [audience] if isinstance(audience, str) else audience
        ):
            raise RefusedError(_(_REFUSED, why=_("it was made for somebody else")))
        return dict(claims)

    async def _decoded(self, text: str, said: Mapping[str, Any]) -> Any:
        """Its signature is the provider's; keys that are not known yet are asked for once more."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        allowed = [each for each in offered if each in ALGORITHMS]
        registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
        for again in (False, True):
            if not self._keys or again:
                self._keys = await self._ask("GET", said["jwks_uri"])
            try:
                return jwt.decode(text, key=KeySet.import_key_set(self._keys), registry=registry)  # type: ignore[arg-type]
            except InvalidKeyIdError:
                if again:
                    raise
        raise AssertionError("one of two returned or raised")

    def _viewer(self, claims: Mapping[str, Any]) -> Viewer:
        """Raises RefusedError: this site lets nobody look of whom the claim says that."""
        settings = self._settings
        if settings.values:
            found = claims.get(settings.claim)
            has = found if isinstance(found, list) else [found]
            if not {each for each in has if isinstance(each, str)} & set(settings.values):
                raise RefusedError(_("You are known there, but may not look here: ask who runs the board."))
        name = claims.get(settings.name_claim)
        called = name if isinstance(name, str) and name.strip() else str(claims["sub"])
        return Viewer(visible(called)[:_NAME_MOST], by_oidc=True)

    async def _metadata(self, now: float) -> Mapping[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0 §4). Raises ProviderError."""
        if now < self._said_until:
            return self._said
        issuer = self._settings.issuer
        said = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        scheme = urlsplit(issuer).scheme
        if said.get("issuer") != issuer or any(
            urlsplit(str(said.get(each, ""))).scheme not in ("https", scheme) for each in _ENDPOINTS
        ):
            log(events.BOARD_PROVIDER_MISFIT)
            raise ProviderError
        self._said, self._keys, self._said_until = said, {}, now + KNOWN_S
        return said

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str] = MappingProxyType({}), **how: Any
    ) -> Mapping[str, Any]:
        """One JSON object. Raises ProviderError."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as client,
                client.request(
                    method,
                    address,
                    ssl=self._tls,
                    allow_redirects=False,
                    headers={"Accept": "application/json", **headers},
                    **how,
                ) as answer,
            ):
                body = await answer.content.read(ANSWER_OCTETS)
                found = json.loads(body) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log(events.BOARD_PROVIDER_SILENT, kind=Word(type(error).__name__))
            raise ProviderError from error
        if not isinstance(found, dict):
            log(events.BOARD_PROVIDER_ODD, http_status=Count(answer.status))
            raise ProviderError
        return found
