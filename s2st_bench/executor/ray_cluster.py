"""Actors on a Ray cluster, supervised: a local cluster, or one that runs already.

Each actor loads the system once, with the resources it declares, and replays one recording at a
time.  Ray does not say who ended an actor, so a recording whose actor died is tried again, up to
``limits.attempts`` times; one whose actor hangs is given up, as everywhere.  Corpora and plugin
folders must be where the actors are, under the same paths; the run folder need not be.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from s2st_bench.errors import ConfigError, DependencyError, RunError
from s2st_bench.executor.base import Broken, Event, Loaded, Progress, Setup, Work
from s2st_bench.executor.lost import limit_s, longest_first, lost
from s2st_bench.executor.ray_worker import Place, RayWorker, Sent
from s2st_bench.executor.threads import THREAD_VARIABLES, worker_environment
from s2st_bench.limits import Limits
from s2st_bench.types import Failure

if TYPE_CHECKING:
    from types import ModuleType

_POLL_S = 0.2
_ASK_EVERY_S = 1.0
_PLACE_S = 120.0
"""An actor that has no place after so long waits for resources that do not come."""
_DEATHS_BEFORE_WORK = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster, and what each actor takes of it."""

    address: str | None = None
    """``auto``, ``ray://host:port``, …; none: a cluster of this machine, for this run only."""
    num_cpus: float = 1.0
    num_gpus: float = 0.0
    resources: Mapping[str, float] = field(default_factory=dict)
    """Custom resources by name."""

    def __post_init__(self) -> None:
        for name, amount in (("num_cpus", self.num_cpus), ("num_gpus", self.num_gpus),
                             *self.resources.items()):
            if not amount >= 0:
                raise ConfigError(f"executor.{name}: must be 0 or more, not {amount}")

    def wanted(self) -> dict[str, float]:
        """What one actor takes, as Ray names it."""
        return {"CPU": self.num_cpus, "GPU": self.num_gpus, **self.resources}


@dataclass(slots=True, eq=False)
class _Hand:
    """One actor, and what it is doing."""

    actor: Any
    pending: Any
    """The answer it owes: its place, its loading, or a recording."""
    since_s: float
    work: Work | None = None
    node: str = ""
    host: str = ""
    ready: bool = False
    asked: Any = None
    """A question for its progress that is not answered yet."""
    asked_s: float = 0.0
    heard_s: float = 0.0


class RayExecutor:
    """Replays recordings in ``workers`` actors."""

    def __init__(self, setup: Setup, workers: int, limits: Limits, cluster: Cluster) -> None:
        self._setup = setup
        self._workers = workers
        self._limits = limits
        self._cluster = cluster
        self._ray: ModuleType = import_ray()
        self._crew: list[_Hand] = []
        self._waiting: deque[Work] = deque()
        self._deaths = 0
        self._hired = 0
        self._marker = ""

    def run(self, works: Sequence[Work]) -> Iterator[Event]:
        """See :class:`~s2st_bench.executor.base.Executor`."""
        self._waiting.extend(longest_first(works) if self._workers > 1 else works)
        if not self._waiting:
            return
        ours = self._connect()
        self._marker = f"spool/.shared-{uuid.uuid4().hex}"
        (self._setup.run / self._marker).touch()
        try:
            while self._waiting or any(hand.work for hand in self._crew):
                self._hire()
                self._deal()
                pending = [ref for hand in self._crew for ref in (hand.pending, hand.asked) if ref]
                answered, _ = self._ray.wait(pending, num_returns=1, timeout=_POLL_S)
                for hand in list(self._crew):
                    if hand.pending in answered:
                        yield from self._hear(hand)
                for hand in list(self._crew):
                    yield from self._check(hand)
        finally:
            for hand in self._crew:
                self._ray.kill(hand.actor)
            self._crew.clear()
            (self._setup.run / self._marker).unlink(missing_ok=True)
            if ours:
                self._ray.shutdown()

    def _connect(self) -> bool:
        """Reach the cluster; whether it is this run's own."""
        ours = not self._ray.is_initialized()
        if ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
            options: dict[str, Any] = {"address": self._cluster.address or "local"}
            if self._cluster.address is None:
                options["num_cpus"] = max(
                    os.cpu_count() or 1, int(self._workers * self._cluster.num_cpus + 0.999))
                options["include_dashboard"] = False
            before = signal.getsignal(signal.SIGTERM)
            try:
                self._ray.init(log_to_driver=False, logging_level="error", **options)
            except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
                where = self._cluster.address or "a cluster of this machine"
                raise RunError(f"executor.address: {where} cannot be reached or started "
                               f"({' '.join(str(error).split())[:300]})") from error
            finally:  # Ray's handler would end this process before the record is written
                if threading.current_thread() is threading.main_thread():
                    signal.signal(signal.SIGTERM, before)
        has = self._ray.cluster_resources()
        for name, amount in self._cluster.wanted().items():
            if amount > has.get(name, 0.0):
                raise ConfigError(f"executor: an actor wants {amount:g} {name}, the cluster has "
                                  f"{has.get(name, 0.0):g}")
        return ours

    def _hire(self) -> None:
        """As many actors as there is work for, and as the cluster holds."""
        busy = sum(hand.work is not None for hand in self._crew)
        wanted = min(self._workers, len(self._waiting) + busy)
        while len(self._crew) < wanted:
            threads = max(1, int(self._cluster.num_cpus))
            environment = worker_environment(threads)
            kept = {name: environment[name] for name in (*THREAD_VARIABLES, "PYTHONPATH")
                    if name in environment}
            actor = self._ray.remote(RayWorker).options(
                num_cpus=self._cluster.num_cpus, num_gpus=self._cluster.num_gpus,
                resources=dict(self._cluster.resources), max_concurrency=2, max_restarts=0,
                runtime_env={"env_vars": kept},
            ).remote(self._setup, self._hired, self._marker)
            self._hired += 1
            self._crew.append(_Hand(actor, actor.place.remote(), time.monotonic()))

    def _deal(self) -> None:
        for hand in self._crew:
            if hand.ready and hand.work is None and self._waiting:
                hand.work = self._waiting.popleft()
                neighbours = sum(other.node == hand.node for other in self._crew)
                hand.pending = hand.actor.replay.remote(hand.work, neighbours)
                hand.since_s = hand.heard_s = hand.asked_s = time.monotonic()

    def _hear(self, hand: _Hand) -> Iterator[Event]:
        """The answer that the actor owed."""
        try:
            answer = self._ray.get(hand.pending)
        except self._ray.exceptions.RayActorError as error:
            yield from self._bury(hand, error)
            return
        hand.pending = None
        if isinstance(answer, Broken):
            raise answer.error
        if isinstance(answer, Place):
            hand.node, hand.host = answer.node, answer.host
            hand.pending = hand.actor.load.remote()
            hand.since_s = time.monotonic()
        elif isinstance(answer, Loaded):
            hand.ready = True
            yield answer
        elif isinstance(answer, Sent):
            for path, content in answer.files:
                (self._setup.run / path).write_bytes(content)
            hand.work, hand.asked, self._deaths = None, None, 0
            yield answer.finished

    def _check(self, hand: _Hand) -> Iterator[Event]:
        """Whether the actor is still alive and within its limits."""
        now = time.monotonic()
        if hand.work is None:
            if not hand.ready and hand.pending is not None:
                self._check_loading(hand, now)
            return
        if hand.asked is None and now - hand.asked_s > _ASK_EVERY_S:
            hand.asked, hand.asked_s = hand.actor.progress.remote(), now
        if hand.asked is not None and self._ray.wait([hand.asked], timeout=0)[0]:
            try:
                progress, ago_s = self._ray.get(hand.asked)
            except self._ray.exceptions.RayActorError:
                return  # what it owes says so too
            finally:
                hand.asked = None
            hand.heard_s = max(hand.heard_s, now - ago_s)
            if isinstance(progress, Progress):
                yield progress
        call_s = self._limits.call_s
        if call_s is not None and now - hand.heard_s > call_s + 2 * _ASK_EVERY_S:
            yield from self._give_up(
                hand, hand.work, f"no answer for {call_s:g} s (executor.limits.call_s)")
        elif now - hand.since_s > (allowed_s := limit_s(hand.work, self._limits)):
            yield from self._give_up(
                hand, hand.work,
                f"not done after {allowed_s:g} s (executor.limits.recording_s)")

    def _check_loading(self, hand: _Hand, now: float) -> None:
        nowhere = not any(other.node for other in self._crew)
        if nowhere and now - hand.since_s > _PLACE_S:
            raise RunError(f"the cluster has no room for an actor after {_PLACE_S:g} s; it wants "
                           f"{self._cluster.wanted()}")
        limit = self._limits.load_s
        if limit is not None and now - hand.since_s > limit + _PLACE_S:
            raise RunError(f"the system did not load within {limit:g} s (executor.limits.load_s)")

    def _give_up(self, hand: _Hand, work: Work, why: str) -> Iterator[Event]:
        """Kill an actor that hangs; its recording fails."""
        self._ray.kill(hand.actor)
        self._crew.remove(hand)
        yield lost(self._setup, work, Failure("hung", why), hand.host)

    def _bury(self, hand: _Hand, error: Exception) -> Iterator[Event]:
        """An actor died; its recording is tried again elsewhere."""
        self._crew.remove(hand)
        self._ray.kill(hand.actor)
        why = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        if hand.work is None:
            self._deaths += 1
            if self._deaths >= _DEATHS_BEFORE_WORK:
                raise RunError(f"actors die before they begin a recording ({why[:300]}); see "
                               f"{self._setup.run / 'logs'}") from error
        elif hand.work.attempt < self._limits.attempts:
            self._waiting.appendleft(replace(hand.work, attempt=hand.work.attempt + 1))
        else:
            yield lost(self._setup, hand.work, Failure(
                "died", f"the system's process ended, {hand.work.attempt} times: {why[:300]}"),
                hand.host)


def import_ray() -> ModuleType:
    """Ray; raises DependencyError where it is not installed."""
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise DependencyError("ray", "executor=ray", "ray") from error
    module: ModuleType = ray
    return module
