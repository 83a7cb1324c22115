"""The executor that a configuration names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from s2st_bench import host as hosts
from s2st_bench.config import ExecutorConfig
from s2st_bench.errors import ConfigError
from s2st_bench.executor.base import Executor, Setup
from s2st_bench.executor.local import LocalExecutor
from s2st_bench.params import construct, unknown

NAMES = ("local", "ray")
_COMMON = ("name", "workers", "limits", "device")
_LOCAL = (*_COMMON, "batch")


def choose_executor(config: ExecutorConfig) -> Callable[[Setup], Executor]:
    """What makes the run's executor, once there is a run folder.

    Raises
    ------
    ConfigError
        There is none of that name, or it has no such option.
    DependencyError
        It needs a package that is not installed.
    """
    known = _LOCAL if config.name == "local" else _COMMON
    params = {key: value for key, value in config.params.items() if key not in known}
    if config.name == "local":
        for key in params:
            raise ConfigError(f"executor.{key}: {unknown(key, _LOCAL)}")
        batch_of(config)
        return partial(LocalExecutor, workers=config.workers, limits=config.limits)
    if config.name == "ray":
        from s2st_bench.executor.ray_cluster import Cluster, RayExecutor, import_ray

        import_ray()
        cluster = construct(Cluster, params, "executor")
        return partial(RayExecutor, workers=config.workers, limits=config.limits, cluster=cluster)
    raise ConfigError(f"executor: expected {' or '.join(NAMES)}, not {config.name!r}")


def batch_of(config: ExecutorConfig) -> int:
    """Recordings whose sessions are asked together."""
    batch = config.params.get("batch", 1)
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise ConfigError(f"executor.batch: expected a whole number of at least 1, not {batch!r}")
    return batch


def threads_of(config: ExecutorConfig) -> int:
    """Threads that each worker's libraries may use."""
    if config.name == "ray":
        return max(1, int(config.params.get("num_cpus", 1)))
    return max(1, hosts.cores() // config.workers)
