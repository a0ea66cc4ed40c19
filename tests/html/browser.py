# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium by the WebDriver protocol, with chromedriver only."""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]


class Browser:
    """One browser; leaves nothing behind. `log()` are the console's lines since the last call."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="scxray-browser-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder})
        options = {
            "binary": shutil.which("chromium"),
            "args": FLAGS + [f"--user-data-dir={self.folder}/profile"],
            "perfLoggingPrefs": {"enableNetwork": True},
        }
        caps = {"browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        for attempt in range(600):
            try:
                made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": caps}})
                break
            except OSError:
                if attempt == 599:
                    raise
                time.sleep(0.1)
        self.session = "/session/" + made["sessionId"]

    def _ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"].splitlines()[0]) from None

    def _post(self, path, body):
        return self._ask("POST", self.session + path, body)

    def _cdp(self, command, **params):
        return self._post("/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, path):
        """Opens a page from disk and waits until it has built itself: "yes", or "failed"."""
        self._post("/url", {"url": "file://" + os.path.abspath(path)})
        while True:
            ready = self.run("return document.documentElement.dataset.ready || null")
            if ready:
                return ready
            time.sleep(0.05)

    def run(self, script, *args):
        return self._post("/execute/sync", {"script": script, "args": list(args)})

    def keys(self, text):
        """Types on the keyboard, to what has the focus."""
        actions = [a for c in text for a in ({"type": "keyDown", "value": c}, {"type": "keyUp", "value": c})]
        self._post("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def look(self, width, height, dark=False, media=""):
        """The window's size in CSS pixels, dark or light, screen or print."""
        self._cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self._cdp("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self._ask("GET", self.session + "/screenshot")))

    def log(self):
        return [e["message"] for e in self._post("/se/log", {"type": "browser"})]

    def requests(self):
        """What was asked of the network or the disk since the last call, the page itself included."""
        found = []
        for entry in self._post("/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def close(self):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
