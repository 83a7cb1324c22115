"""Opening a session and closing it, with a system's errors as its own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from s2st_bench.clock import Clock
from s2st_bench.errors import SystemFailure, SystemRaised
from s2st_bench.replay.record import Record
from s2st_bench.system import Meter, Session, System
from s2st_bench.types import Job, Read, Recording, Task

_LOG = logging.getLogger(__name__)


def open_session(
    system: System, task: Task, clock: Clock, record: Record, recording: Recording | None = None,
) -> tuple[Session, Job | None]:
    """A session, and its opening as a job where work counts.

    ``recording`` is shown to a control, and to nobody else.

    Raises
    ------
    SystemFailure
    """
    start_s = clock.enter()
    try:
        if system.privileged:
            if recording is None:
                raise SystemFailure("a control must be shown the recording")
            session = system.open_control(task, recording)
        else:
            session = system.open(task)
        system.synchronize()
        if not isinstance(session, Session):
            raise SystemFailure(f"open returned {type(session).__name__}, not a Session")
        if not isinstance(session.first, Read):
            raise SystemFailure(f"a session's first is a Read, not {session.first!r:.100}")
    except SystemFailure:
        raise
    except (Exception, SystemExit) as error:
        raise SystemRaised(f"open: {type(error).__name__}: {error}") from error
    end_s = clock.leave()
    session.meter = Meter(clock.now)
    if not clock.measures:
        return session, None
    job = Job(record.next_job(), "reset", start_s, end_s, on_source=False)
    record.step(0.0, 0.0, (job,), [], end_s)
    return session, job


@contextlib.contextmanager
def closing(session: Session) -> Iterator[None]:
    """Close the session at the end; an earlier failure counts more than one of closing."""
    try:
        yield
    except BaseException:
        try:
            session.close()
        except (Exception, SystemExit):
            _LOG.warning("closing a session that had failed", exc_info=True)
        raise
    try:
        session.close()
    except (Exception, SystemExit) as error:
        raise SystemRaised(f"close: {type(error).__name__}: {error}") from error
