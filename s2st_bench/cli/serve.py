"""``s2st-bench serve``: a system behind a WebSocket and a web page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from s2st_bench.cli.common import PluginDirs, folders_of, printable
from s2st_bench.cli.completion import complete_serving

if TYPE_CHECKING:
    from s2st_bench.serve.access import Access
    from s2st_bench.serve.server import Service


def serve(
    ctx: typer.Context,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYSTEM [KEY=VALUE]...", autocompletion=complete_serving, show_default=False,
            help="A system (cascade, or system=cascade) and any option: source_lang=en "
            "target_lang=es chunk_s=0.5 outputs=[text]",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8765,
    sessions: Annotated[int, typer.Option(help="At a time; one more is told to try later.")] = 4,
    idle_timeout: Annotated[
        float, typer.Option(help="Seconds without a message until a client is let go.")
    ] = 30.0,
    max_session: Annotated[float, typer.Option(help="Seconds of audio of one session.")] = 14400.0,
    max_message_bytes: Annotated[int, typer.Option(help="Longest message taken.")] = 1 << 20,
    token_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE", show_default=False,
            help="Environment variable with a token that clients must give (?token=… or "
            "Authorization: Bearer …).",
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", show_default=False,
                     help="Further origin whose pages may connect; may be repeated."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line per session.")] = False,
    plugin_dir: PluginDirs = None,
) -> None:
    """Serve a system to simulstream's clients and to a browser until Ctrl-C."""
    import asyncio

    from s2st_bench.errors import DependencyError
    from s2st_bench.serve.access import Access
    from s2st_bench.serve.bounds import Bounds

    try:
        from s2st_bench.serve import server
    except ModuleNotFoundError as error:
        if error.name != "websockets":
            raise
        raise DependencyError("websockets", "serve", "serve") from None
    from s2st_bench.build import build_system
    from s2st_bench.compose import compose_serve
    from s2st_bench.registry import Registry
    from s2st_bench.serve.engine import Engine

    bounds = Bounds(sessions, idle_timeout, max_message_bytes, max_session)
    access = Access(host, _token(token_env), tuple(origin or ()))
    registry = Registry(folders_of(ctx, plugin_dir))
    config = compose_serve(_named(overrides or []), registry=registry)
    engine = Engine(build_system(config.system, registry), config)
    server.check_address(host, port)
    service = server.Service(engine, bounds, access, _silent if quiet else _say)
    _warn(access)
    _say(f"loading {config.system.name} …")
    engine.load()
    asyncio.run(server.run(service, port, lambda bound: _ready(service, bound)))
    _say("stopped")


def _named(overrides: list[str]) -> list[str]:
    """The first word may be a system's bare name."""
    if overrides and "=" not in overrides[0]:
        return [f"system={overrides[0]}", *overrides[1:]]
    return overrides


def _token(variable: str | None) -> str | None:
    from s2st_bench.errors import UsageError

    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise UsageError(f"--token-env {variable}: the variable is not set, or empty")
    return token


def _warn(access: Access) -> None:
    from s2st_bench.serve.access import is_loopback

    if is_loopback(access.host):
        return
    if access.token is None:
        _say(f"WARNING: listening on {access.host} without a token: whoever reaches this machine "
             "can use the service. Give --token-env VARIABLE, or --host 127.0.0.1.")
    _say("WARNING: audio and text travel unencrypted, and browsers give a microphone to secure "
         "pages only: put a proxy with TLS in front (see docs/serve.md).")


def _ready(service: Service, port: int) -> None:
    config, access = service.engine.config, service.access
    name = f"[{access.host}]" if ":" in access.host else access.host
    languages = f"{config.source_lang or 'any'} to {config.target_lang or 'any'}"
    few = "" if service.seats == service.bounds.sessions else " (the system holds no more)"
    _say(f"serving {service.engine.system.name}, {languages}, {service.seats} sessions at a "
         f"time{few}")
    typer.echo(f"page       http://{name}:{port}/{'?token=…' if access.token else ''}")
    typer.echo(f"WebSocket  ws://{name}:{port}/")


def _say(line: str) -> None:
    typer.echo(printable(line), err=True)


def _silent(line: str) -> None:
    """Says nothing."""
