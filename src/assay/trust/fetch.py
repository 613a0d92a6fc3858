"""The one download that trust has: a list, from an address that a person named or confirmed.

Nothing else in Assay calls it, and nothing calls it by itself. Addresses are https; plain http is
for a server on this very machine, since whoever alters a list on its way decides what is believed.
"""

from __future__ import annotations

import ipaddress
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage, HTTPResponse
from time import monotonic
from typing import IO
from urllib.parse import urlsplit

from assay.core.errors import PolicyError
from assay.trust.anchors import MAX_FILE

SECONDS = 30.0  # without an answer
IN_ALL = 300.0  # seconds for a whole one
_BY_HAND = "fetch it on another machine, carry the file over and give it with --from FILE"


def download(url: str) -> bytes:
    """Return what lies at an address, at most ``MAX_FILE`` bytes; raises PolicyError."""
    require_safe(url)
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects()]
    if _is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    request = urllib.request.Request(url, headers={"User-Agent": "assay"})  # noqa: S310 - checked
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            promised, data = answer.length, _body(answer, url)
    except urllib.error.HTTPError as error:
        raise PolicyError(f"{url}: the server answers {error.code}", hint=_BY_HAND) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise PolicyError(f"{url}: cannot be fetched: {reason}", hint=_BY_HAND) from error
    if len(data) > MAX_FILE:
        raise PolicyError(
            f"{url}: larger than {MAX_FILE >> 20} MiB", hint="give the address of a list alone"
        )
    if promised is not None and len(data) < promised:
        raise PolicyError(f"{url}: the answer breaks off", hint=_BY_HAND)
    return data


def _body(answer: HTTPResponse, url: str) -> bytes:
    """Return at most ``MAX_FILE`` + 1 bytes, piece by piece: a server that drips is given up."""
    end, data = monotonic() + IN_ALL, bytearray()
    while len(data) <= MAX_FILE and (piece := answer.read1(MAX_FILE + 1 - len(data))):
        data += piece
        if monotonic() > end:
            raise PolicyError(f"{url}: no end within {IN_ALL:g} seconds", hint=_BY_HAND)
    return bytes(data)


def require_safe(url: str) -> None:
    """Raise PolicyError for an address that is neither https nor of this machine."""
    scheme, host = _parts(url)
    if host and (scheme == "https" or (scheme == "http" and _is_loopback(url))):
        return
    raise PolicyError(
        f"{url}: a trust list is fetched over https only",
        hint="give an https address, or fetch the file yourself and give it with --from FILE",
    )


def _is_loopback(url: str) -> bool:
    _, host = _parts(url)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(url: str) -> tuple[str, str]:
    """Return scheme and host; "" for what cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or ""
    except ValueError:
        return "", ""


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect may not lead where the address itself might not."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        require_safe(newurl)
        if _is_loopback(newurl) and not _is_loopback(req.full_url):
            raise PolicyError(f"{req.full_url}: leads to a server on this machine", hint=_BY_HAND)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
