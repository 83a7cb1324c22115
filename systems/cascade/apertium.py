"""Rule-based translation by Apertium, kept alive as a pipe.

Apertium (https://www.apertium.org, GPL) is not part of this package: its programs are run as a
pipeline, each flushing at a NUL (``-z``), so that a sentence takes milliseconds where the
``apertium`` command takes 0.4 s.  A pair is installed as a Debian package, ``apertium-eng-spa``
for English to Spanish; its ``.mode`` file names the programs.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import subprocess
import threading
import time
from pathlib import Path

from s2st_bench.errors import SystemFailure, SystemHung
from s2st_bench.parts import TranslatorModel

MODES = (Path("/usr/share/apertium/modes"), Path("/usr/local/share/apertium/modes"))
_CODES = {
    "en": "eng", "es": "spa", "ca": "cat", "fr": "fra", "pt": "por", "it": "ita", "gl": "glg",
    "eu": "eus", "de": "deu", "nl": "nld", "sv": "swe", "da": "dan", "no": "nob", "ro": "ron",
}
_ENGLISH_I = re.compile(r"\bi\b")
"""Recognisers write it small, and Apertium does not know it so."""
_RESERVED = re.compile(r"([\\\[\]{}^$@/<>])")
_END = b"[]\0"  # the superblank keeps a sentence from being glued to the flush
_TIMEOUT_S = 10.0


def mode_name(source_lang: str, target_lang: str) -> str:
    """Apertium's name of a pair: ``en``, ``es-MX`` gives ``eng-spa``."""
    codes = [lang.replace("_", "-").split("-")[0].lower() for lang in (source_lang, target_lang)]
    return "-".join(_CODES.get(code, code) for code in codes)


def find_mode(pair: str) -> Path | None:
    """The pair's ``.mode`` file, if the pair is installed."""
    for folder in MODES:
        path = folder / f"{pair}.mode"
        if path.is_file():
            return path
    return None


class Apertium(TranslatorModel):
    """The pairs installed on this machine."""

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        pair = mode_name(source_lang, target_lang)
        if find_mode(pair) is not None and shutil.which("lt-proc"):
            return None
        return (f"Apertium does not translate {source_lang} to {target_lang} here; where the pair "
                f"exists, `apt-get install apertium-{pair}` brings it")

    def open(self, source_lang: str, target_lang: str) -> ApertiumPipe:
        if reason := self.missing(source_lang, target_lang):
            raise SystemFailure(reason)
        mode = find_mode(mode_name(source_lang, target_lang))
        programs = commands(mode.read_text(encoding="utf-8") if mode else "")
        return ApertiumPipe(programs, is_english=mode_name(source_lang, "").startswith("eng-"))


def commands(mode: str) -> list[list[str]]:
    """The programs of a ``.mode`` file with NUL flush, unknown words unmarked.

    >>> commands("apertium-tagger -g $2 'b' | lt-proc $1 'c.bin'")
    [['apertium-tagger', '-z', '-g', 'b'], ['lt-proc', '-z', '-n', 'c.bin']]
    """
    line = mode.strip().replace("$1", "-n").replace("$2", "")
    split = [shlex.split(part) for part in line.split("|")]
    return [[program, "-z", *arguments] for program, *arguments in split]


class ApertiumPipe:
    """One pipeline; calls from several threads take turns."""

    def __init__(self, programs: list[list[str]], is_english: bool = False) -> None:
        self._programs = programs
        self._is_english = is_english
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen[bytes]] = []

    def translate(self, text: str, is_over: bool = True) -> str:
        """One sentence or its beginning; unknown words are kept as they are.

        Raises
        ------
        SystemHung
            No answer in ten seconds.
        SystemFailure
            A program of the pipe cannot be started or has died.
        """
        text = " ".join(text.replace("\0", " ").split())
        if not text:
            return ""
        if self._is_english:
            text = _ENGLISH_I.sub("I", text)
        with self._lock:
            try:
                return self._exchange(text)
            except SystemFailure:
                self._stop()  # what is left in the pipe would be taken for the next answer
                raise

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _exchange(self, text: str) -> str:
        if not self._processes:
            self._start()
        stdin, stdout = self._processes[0].stdin, self._processes[-1].stdout
        if stdin is None or stdout is None:
            raise SystemFailure("Apertium's pipe has no ends")
        try:
            stdin.write(_RESERVED.sub(r"\\\1", text).encode() + _END)
        except OSError as error:
            raise SystemFailure(f"Apertium's pipe broke ({error.strerror})") from None
        answer = b""
        until = time.monotonic() + _TIMEOUT_S
        while not answer.endswith(b"\0"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise SystemHung(f"Apertium gave no answer in {_TIMEOUT_S:g} s to {text!r}")
            part = os.read(stdout.fileno(), 65_536)
            if not part:
                raise SystemFailure("a program of Apertium's pipe has died")
            answer += part
        plain = answer[:-1].decode("utf-8", "replace").removesuffix("[]")
        return re.sub(r"\\(.)", r"\1", plain)

    def _start(self) -> None:
        upstream: int | object = subprocess.PIPE
        for command in self._programs:
            try:
                process = subprocess.Popen(
                    command, stdin=upstream, stdout=subprocess.PIPE,  # type: ignore[arg-type]
                    stderr=subprocess.DEVNULL, bufsize=0,
                )
            except OSError as error:
                raise SystemFailure(f"{command[0]}: cannot be started ({error.strerror}); "
                                    "`apt-get install apertium` brings it") from None
            if self._processes and (ours := self._processes[-1].stdout) is not None:
                ours.close()  # else the program before would not notice that this one died
            self._processes.append(process)
            upstream = process.stdout

    def _stop(self) -> None:
        for process in self._processes:
            for end in (process.stdin, process.stdout):
                if end is not None:
                    with contextlib.suppress(OSError):
                        end.close()
            process.terminate()
        for process in self._processes:
            process.wait()
        self._processes = []
