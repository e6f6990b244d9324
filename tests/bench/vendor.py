"""The stand-in for the vendor, in a process of its own: clips over HTTP, at a given rate."""

import json
import os
import pathlib
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass

ENVIRONMENT = {"HEYGEN_API_KEY": "bench", "HEYGEN_ALLOW_HTTP": "1"}


def words_of(seconds):
    """Text that takes about so long to say, at 15 characters a second."""
    text = "The lights are coming on all over town and the last ferry leaves in ten minutes. "
    return (text * (15 * seconds // len(text) + 1))[:max(15, 15 * seconds)].strip()


class Sandbox:
    def __init__(self, avstage, folder, make_time, index="first", script=None, fresh=False):
        folder = pathlib.Path(folder)
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        words = [avstage, "sandbox", "--folder", folder, "--make-time", make_time, "--index", index]
        if script is not None:
            path = folder / "script.json"
            path.write_text(json.dumps(script))
            words += ["--script", path]
        self._process = subprocess.Popen([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                         text=True, env={**os.environ, "HOME": str(folder)})
        self.base = self._process.stdout.readline().strip()
        if not self.base:
            raise RuntimeError("the sandbox did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, path, body=None):
        request = urllib.request.Request(self.base + path, body and json.dumps(body).encode(),
                                         {"X-Api-Key": "bench", "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["data"]

    def order(self, words):
        return self._ask("/v3/videos", {
            "type": "avatar", "avatar_id": "Daisy-inskirt-20220818", "voice_id": "2d5b0e6cf36f460aa7fc47e3eee4ba54",
            "script": words, "resolution": "720p", "aspect_ratio": "16:9",
            "background": {"type": "color", "value": "#00b140"}})["video_id"]

    def wait(self, video, every=0.2):
        """Its URL, once it is completed."""
        while True:
            status = self._ask(f"/v3/videos/{video}")
            if status["status"] == "completed":
                return status["video_url"]
            if status["status"] == "failed":
                raise RuntimeError(f"the sandbox failed video {video}")
            time.sleep(every)


@dataclass
class Clip:
    base: str
    id: str
    url: str


@contextmanager
def rated_clip(avstage, folder, seconds, share, index):
    """A clip of some `seconds` on a server that takes `share` of them to send it. Made once a folder."""
    folder, note = pathlib.Path(folder), pathlib.Path(folder) / "clip.json"
    if not note.exists():
        with Sandbox(avstage, folder, 0.1, index, fresh=True) as sandbox:
            video = sandbox.order(words_of(seconds))
            with urllib.request.urlopen(sandbox.wait(video)) as answer:
                size = len(answer.read())
        note.write_text(json.dumps({"id": video, "bytes": size}))
    known = json.loads(note.read_text())
    rate = max(1000, round(known["bytes"] / (seconds * share)))
    script = {"orders": [{"cdn": {"rate": rate}}]}
    with Sandbox(avstage, folder, 0.1, index, script) as sandbox:
        yield Clip(sandbox.base, known["id"], sandbox.wait(known["id"]))
