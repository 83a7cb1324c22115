"""The system: a protocol read and checked, one session a recording."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.reach import check_listens
from s2st_bench.system import StreamSession, StreamSystem
from s2st_bench.types import Task

from .languages import refusal, service_code
from .link import LOOPBACK
from .protobuf import check_schema
from .protocol import Protocol
from .reading import read_protocol
from .secret import Secret
from .session import ServiceSession
from .templates import CREDENTIAL, PER_CONNECTION, PER_MESSAGE, check_names

EXTRA = "services"
_PACKAGES = {"msgpack": "msgpack", "ogg_opus": "sphn"}


class Service(StreamSystem):
    """A service reached over a WebSocket or TCP, as its protocol says.

    Parameters
    ----------
    protocol
        A YAML file, or what it would hold.
    url
        Another address than the protocol's (a server of one's own).
    options
        Other values for the protocol's ``options``.
    credential_env
        Another environment variable with the key.
    """

    def __init__(
        self, *, protocol: Any = None, url: str | None = None,
        options: Mapping[str, Any] | None = None, credential_env: str | None = None,
    ) -> None:
        read = read_protocol(protocol)
        where = str(protocol) if isinstance(protocol, str) else "system.protocol"
        check_names(options or {}, read.options, "system.options")
        try:
            self.protocol = replace(
                read, url=url or read.url, options={**read.options, **(options or {})},
                credential_env=credential_env or read.credential_env,
            )
        except ValueError as error:
            raise ConfigError(f"system.url: {error}") from None
        chosen = (name for values in read.by_output.values() for name in values)
        check_names(read.placeholders(),
                    {*PER_CONNECTION, *PER_MESSAGE, *read.options, *chosen}, where)
        _check_protobuf(self.protocol, where)
        self.outputs = frozenset(read.outputs)
        self.sessions = read.sessions
        if read.cost is not None:
            self.cost_per_hour, self.currency = read.cost.per_hour, read.cost.currency

    def supports(self, task: Task) -> str | None:
        return super().supports(task) or refusal(self.protocol.languages, task)

    def load(self, device: str = "cpu") -> None:
        """Check that packages, key and service are there.

        Raises
        ------
        DependencyError, UsageError
        """
        packages = [_PACKAGES[form] for form in sorted(self.protocol.forms() & set(_PACKAGES))]
        for package in ("websockets", *packages):
            if importlib.util.find_spec(package) is None:
                raise DependencyError(package, f"system {self.name}", EXTRA)
        self._secret()
        self._check_listens()

    def _check_listens(self) -> None:
        """Not where the host is only known with a task, or is reached through a proxy; nor over
        bare TCP, where a connection is a client already.
        """
        parts, settings = urlsplit(self.protocol.url), self.protocol.connection
        if parts.scheme == "tcp" or "{" in parts.netloc:
            return
        if parts.hostname not in LOOPBACK and getproxies():
            return
        pauses_s = settings.backoff_s * (2 ** (settings.attempts - 1) - 1)
        check_listens(self.protocol.url, f"system {self.name}",
                      "start the service, or give system.url=…", pauses_s)

    async def connect(self, task: Task) -> StreamSession:
        secret = self._secret()
        return await ServiceSession.open(self.protocol, task, self._values(task, secret), secret)

    def _secret(self) -> Secret:
        uses = CREDENTIAL in self.protocol.placeholders()
        return Secret.from_environment(self.protocol.credential_env if uses else "", self.name)

    def _values(self, task: Task, secret: Secret) -> dict[str, Any]:
        languages = self.protocol.languages
        wanted = "speech" if "speech" in task.outputs else "text"
        return {
            **self.protocol.options,
            **self.protocol.by_output.get(wanted, {}),
            "source_lang": service_code(languages.source, task.source_lang),
            "target_lang": service_code(languages.target, task.target_lang),
            "rate_hz": self.protocol.audio.rate_hz,
            CREDENTIAL: secret.reveal(),
        }


def _check_protobuf(protocol: Protocol, where: str) -> None:
    """The schemas that the protocol's messages need are there and usable."""
    sends = "protobuf" in {protocol.audio.message.form,
                           *(s.send.form for s in (*protocol.start, *protocol.end) if s.send)}
    for way, needed in (("send", sends), ("receive", protocol.receive.binary == "protobuf")):
        schema = protocol.schema.get(way)
        if needed and not isinstance(schema, Mapping):
            raise ConfigError(f"{where}.schema.{way} is missing: it holds the fields' numbers")
        if isinstance(schema, Mapping):
            check_schema(schema, f"{where}.schema.{way}")
