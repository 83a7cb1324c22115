"""Formats that libsndfile does not read (m4a, aac, webm, …), through an ffmpeg pipe.

ffmpeg is an external program, used where it is installed.  Only local files are opened: the
protocols are limited to ``file`` and ``pipe``, so that a playlist cannot fetch anything.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from s2st_bench.audio.decoder import Decoder
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

_ONLY_FILES = ["-protocol_whitelist", "file,pipe"]
_PROBE_LIMIT_S = 30.0


class FfmpegDecoder(Decoder):
    """Decodes the first audio stream of a file, forward only, at its own rate and channels."""

    exact_length = False

    def __init__(self, path: Path, reason: str) -> None:
        """``reason`` is why libsndfile did not read the file; it goes into the error."""
        self._path = path
        stream = _probe(path, reason)
        self.sample_rate_hz = int(stream["sample_rate"])
        self.channels = int(stream["channels"])
        self.format = str(stream.get("codec_name", "unknown"))
        length_s = stream.get("duration")
        self.frames = None if length_s is None else int(float(length_s) * self.sample_rate_hz)
        # A file takes stderr, because nobody empties a second pipe while the first is read.
        self._messages: IO[bytes] = tempfile.TemporaryFile()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, n: int) -> Samples:
        """The next ``float32[<= n, channels]``; fewer only at the end."""
        # not before something is read: a look at the header is ffprobe's alone
        process = self._process = self._process or self._started()
        if process.stdout is None:
            raise RuntimeError("the ffmpeg pipe is not open")
        data = process.stdout.read(n * self.channels * 4)
        if len(data) < n * self.channels * 4 and process.wait() != 0:
            raise AudioError(f"{self._path}: ffmpeg cannot decode it: {self._last_message()}")
        whole = len(data) // (self.channels * 4) * self.channels
        return np.frombuffer(data, dtype="<f4", count=whole).reshape(-1, self.channels).copy()

    def close(self) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process.wait()
        self._messages.close()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["ffmpeg", "-v", "error", "-xerror", "-nostdin", *_ONLY_FILES]
            + ["-i", f"file:{self._path}"]
            + ["-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._messages,
        )

    def _last_message(self) -> str:
        self._messages.seek(0)
        lines = self._messages.read().decode("utf-8", "replace").strip().splitlines()
        code = self._process.returncode if self._process else None
        return lines[-1] if lines else f"exit code {code}"


def _probe(path: Path, reason: str) -> dict[str, Any]:
    """Rate, channels, codec and duration of the first audio stream."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        raise AudioError(
            f"{path}: not a format libsndfile reads ({reason}); m4a, aac, webm and others need "
            "ffmpeg, which is not installed: install ffmpeg, or convert the file to wav or flac"
        )
    try:
        result = subprocess.run(
            ["ffprobe", "-v", "error", *_ONLY_FILES, "-select_streams", "a:0", "-of", "json"]
            + ["-show_entries", "stream=sample_rate,channels,codec_name,duration", f"file:{path}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AudioError(f"{path}: ffprobe found nothing in {_PROBE_LIMIT_S:.0f} s") from None
    # What ffprobe prints for a file it cannot open is not JSON.
    streams = json.loads(result.stdout).get("streams", []) if result.returncode == 0 else []
    if not streams or not int(streams[0].get("channels", 0)):
        raise AudioError(
            f"{path}: no audio that libsndfile ({reason}) or ffmpeg can read: check that the file "
            "is whole and is audio"
        )
    stream: dict[str, Any] = streams[0]
    return stream
