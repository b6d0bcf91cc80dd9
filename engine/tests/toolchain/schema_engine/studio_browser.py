"""A headless Chromium on its DevTools pipe: enough to look at a page and to type there."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ANSWER_SECONDS = 60.0
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--window-size=1400,900",
    "--remote-debugging-pipe",
)

MIDDLE_OF = """(text) => {
  const all = [...document.querySelectorAll("*")];
  const found = all.filter((element) => element.innerText?.trim() === text).at(-1);
  if (!found) return null;
  const box = found.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""

Message = dict[str, Any]


class Browser:
    """One page of a browser with a profile of its own; every wait has a limit."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        reads, self._out = os.pipe()
        self._in, writes = os.pipe()
        # The browser reads messages from descriptor 3 and writes its own to 4.
        shell = f'exec "$0" "$@" 3<&{reads} 4>&{writes}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(reads)
        os.close(writes)
        self._buffer = b""
        self._asked = 0
        self._session: str | None = None
        self.requested: list[str] = []

    def __enter__(self) -> Self:
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self._ask("Network.enable")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        os.close(self._out)
        os.close(self._in)

    def open(self, url: str) -> None:
        """Go to a page."""
        self._ask("Page.navigate", url=url)

    def text(self) -> str:
        """What the page shows as text."""
        return str(self.evaluate("document.body?.innerText ?? ''"))

    def wait_for(self, text: str, seconds: float = ANSWER_SECONDS) -> None:
        """Wait until the page shows a text."""
        end = time.monotonic() + seconds
        while text not in self.text():
            assert time.monotonic() < end, (
                f"the page never showed {text!r}, but:\n{self.text()[:2000]}"
            )
            time.sleep(0.1)

    def wait_for_focus(
        self, value: str, act: Callable[[], None], seconds: float = ANSWER_SECONDS
    ) -> None:
        """Act again and again until a field of this value has the focus: pages take their time."""
        end = time.monotonic() + seconds
        while self.evaluate("document.activeElement?.value ?? ''") != value:
            assert time.monotonic() < end, (
                f"no field with {value!r} got the focus on:\n{self.text()[:2000]}"
            )
            act()
            time.sleep(0.3)

    def evaluate(self, script: str) -> Any:
        """The value of a script in the page."""
        answer = self._ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, text: str, times: int = 1) -> None:
        """Click in the middle of the innermost element that shows exactly a text."""
        place = self.evaluate(f"({MIDDLE_OF})({json.dumps(text)})")
        assert place is not None, f"nothing shows {text!r}"
        at = {"x": place[0], "y": place[1], "button": "left"}
        for count in range(1, times + 1):
            self._ask("Input.dispatchMouseEvent", type="mousePressed", clickCount=count, **at)
            self._ask("Input.dispatchMouseEvent", type="mouseReleased", clickCount=count, **at)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        self._ask("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        """Press a key, such as Enter (13)."""
        for kind in ("rawKeyDown", "keyUp"):
            self._ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    def _ask(self, method: str, **params: Any) -> Message:
        self._asked += 1
        message: Message = {"id": self._asked, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + ANSWER_SECONDS
        while (got := self._next(end)).get("id") != self._asked:
            if got.get("method") == "Network.requestWillBeSent":
                self.requested.append(got["params"]["request"]["url"])
        assert "error" not in got, got["error"]
        return got["result"]

    def _next(self, end: float) -> Message:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            data = os.read(self._in, 1 << 16)
            assert data, "the browser has ended"
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)
