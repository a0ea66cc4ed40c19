# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's machine protocol, as far as taking an image needs it."""
import json

from channel import Failure


class Qmp:
    def __init__(self, channels):
        self.channels = channels
        self.held = []
        self.wait(lambda reply: "QMP" in reply, 20, "for QMP's greeting")
        self.execute("qmp_capabilities", 20)

    def wait(self, wanted, limit, what):
        """Events of the other lines that come meanwhile are kept for their own readers."""
        kept = []

        def keep(event):
            if event[0] != "qmp":
                kept.append(event)
                return True
            return False

        reply = self.channels.wait(lambda e: e[0] == "qmp" and wanted(e[2]), limit, what, keep)[2]
        self.channels.events.extendleft(reversed(kept))
        return reply

    def execute(self, command, limit, **arguments):
        self.channels.send("qmp", self.request(command, arguments))
        reply = self.wait(lambda r: "return" in r or "error" in r, limit, f"for QMP {command}")
        if "error" in reply:
            raise Failure(f"QMP {command}: {reply['error'].get('desc')}")
        return reply["return"]

    @staticmethod
    def request(command, arguments):
        return json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"

    def quit(self):
        self.channels.send("qmp", self.request("quit", {}))
