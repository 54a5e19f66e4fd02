"""Headless Chromium, driven by its DevTools protocol over a WebSocket: pages as people and keyboards meet them."""

import asyncio
import base64
import contextlib
import ctypes
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from waiting import PATIENCE_S

# nothing that a browser does by itself reaches out
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
    *(
        "--disable-dev-shm-usage",
        "--disable-extensions",
        "--no-default-browser-check",
        "--password-store=basic",
    ),
    *(
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        "--remote-debugging-port=0",
    ),
)
_ANSWER_S = 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# what is said of an expression whose page was left meanwhile
_LEFT = ("navigated or closed", "context was destroyed", "Cannot find default execution context")
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}


def chromium() -> str:
    """Its path. Skips where it is missing."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("chromium is missing (Debian: apt-get install chromium)")


class LeftError(Exception):
    """The page was left."""


class Page:
    """One tab."""

    def __init__(self, chrome: "Chrome", session: str) -> None:
        self._chrome, self._session = chrome, session

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol, and its result."""
        return await self._chrome.call(method, params, self._session)

    async def goto(self, url: str) -> None:
        """Until it is loaded."""
        self._chrome.forget(self._session, "Page.loadEventFired")
        done = await self.do("Page.navigate", url=url)
        assert "errorText" not in done, done
        await self.loaded()

    async def loaded(self) -> None:
        await self._chrome.event(self._session, "Page.loadEventFired")

    async def js(self, expression: str) -> Any:
        """Its value; a promise's, when it has one."""
        found = await self.do(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """It is true of a page that is loaded, whichever is there by then."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with asyncio.timeout(_ANSWER_S):
                        if await self.js(f"document.readyState === 'complete' && Boolean({expression})"):
                            return
                except (LeftError, TimeoutError):
                    pass  # what is asked while a page goes is lost: the next page is asked
                await asyncio.sleep(0.03)

    async def press(self, key: str) -> None:
        """As a keyboard does."""
        text = {"Enter": "\r", " ": " "}.get(key)
        said = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": _KEYS[key]}
        await self.do(
            "Input.dispatchKeyEvent",
            type="keyDown" if text else "rawKeyDown",
            **said,
            **({"text": text} if text else {}),
        )
        await self.do("Input.dispatchKeyEvent", type="keyUp", **said)

    async def type(self, text: str) -> None:
        await self.do("Input.insertText", text=text)

    async def size(self, width: int, height: int, mobile: bool = False) -> None:
        await self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=mobile,
        )

    async def prefers(self, **features: str) -> None:
        """prefers_color_scheme="dark", say."""
        said = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        await self.do("Emulation.setEmulatedMedia", features=said)

    async def picture(self, path: Path) -> None:
        """All of the page, as PNG."""
        found = await self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(found["data"]))

    def said(self, method: str) -> list[dict[str, Any]]:
        """Its events of that name so far."""
        return self._chrome.events(self._session, method)

    async def close(self) -> None:
        await self.do("Page.close")


class Chrome:
    """One browser. Made by `browsing`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        """Take what it tells until it ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                if not (waiting := self._waiting.pop(said["id"])).done():
                    waiting.set_result(said)
                continue
            async with self._news:
                self._events.setdefault((said.get("sessionId", ""), said["method"]), []).append(
                    said["params"]
                )
                self._news.notify_all()

    async def call(self, method: str, params: dict[str, Any], session: str = "") -> dict[str, Any]:
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        said = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json({**said, "sessionId": session} if session else said)
        async with asyncio.timeout(2 * PATIENCE_S):
            found = await answer
        if "error" in found and any(each in found["error"]["message"] for each in _LEFT):
            raise LeftError
        assert "error" not in found, (method, found["error"])
        result: dict[str, Any] = found["result"]
        return result

    async def event(self, session: str, method: str) -> dict[str, Any]:
        """The next of that name that nobody took."""
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self._events.get((session, method)))
            return self._events[session, method].pop(0)

    def events(self, session: str, method: str) -> list[dict[str, Any]]:
        return self._events.get((session, method), [])

    def forget(self, session: str, method: str) -> None:
        self._events.pop((session, method), None)

    async def page(self) -> Page:
        """A new tab in a profile of its own: no cookies."""
        context = await self.call("Target.createBrowserContext", {"disposeOnDetach": False})
        made = await self.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": context["browserContextId"]}
        )
        session = await self.call("Target.attachToTarget", {"targetId": made["targetId"], "flatten": True})
        page = Page(self, session["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network"):
            await page.do(f"{domain}.enable")
        return page


@contextlib.asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Chrome]:
    """A browser whose files are in that folder."""
    log = folder / "chromium.log"
    environment = {name: value for name, value in os.environ.items() if name != "DBUS_SESSION_BUS_ADDRESS"}
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            chromium(), *_FLAGS, f"--user-data-dir={folder}", "about:blank",
            stdout=errors, stderr=errors, env={**environment, "HOME": str(folder)}, preexec_fn=_ends_with_us,
        )  # fmt: skip
    try:
        address = await _address(process, folder)
        async with aiohttp.ClientSession() as client, client.ws_connect(address, max_msg_size=0) as socket:
            chrome = Chrome(socket)
            listening = asyncio.create_task(chrome.listen(), name="chromium")
            yield chrome
            with contextlib.suppress(AssertionError, ConnectionError, TimeoutError):
                await chrome.call("Browser.close", {})
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _ends_with_us() -> None:
    """A browser outlives nobody who was killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _address(process: asyncio.subprocess.Process, folder: Path) -> str:
    """Of its WebSocket, which it writes into its folder."""
    told = folder / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE_S):
        while not (told.exists() and told.read_text().count("\n")):
            assert process.returncode is None, (folder / "chromium.log").read_text(errors="replace")[-2000:]
            await asyncio.sleep(0.02)
    port, path = told.read_text().split("\n")[:2]
    return f"ws://127.0.0.1:{port}{path}"
