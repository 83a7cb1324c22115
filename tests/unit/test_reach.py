"""An address at which nothing listens is told once; one at which something does is left alone."""

from __future__ import annotations

import socket
import threading

import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.reach import check_listens


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_server_gets_a_connection_and_no_byte() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_listens(f"ws://127.0.0.1:{server.getsockname()[1]}/v1?a=b", "it", "start it")
        taken, _ = server.accept()
        with taken:
            assert taken.recv(1) == b""


def test_who_is_not_there_is_named_with_the_way_out() -> None:
    port = free_port()
    with pytest.raises(ConfigError) as error:
        check_listens(f"http://127.0.0.1:{port}/v1", "chat endpoint", "start it", 0.3)
    assert str(error.value) == (f"chat endpoint: nothing listens at http://127.0.0.1:{port} "
                                "(Connection refused); start it")


def test_a_server_may_take_its_time() -> None:
    port = free_port()
    late: list[socket.socket] = []
    timer = threading.Timer(0.4, lambda: late.append(socket.create_server(("127.0.0.1", port))))
    timer.start()
    try:
        check_listens(f"tcp://127.0.0.1:{port}", "it", "start it", 30.0)
    finally:
        timer.join()
    assert late
    late[0].close()
