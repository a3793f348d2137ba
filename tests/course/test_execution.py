"""Running notebooks: a reply that nobody was told of is found all the same."""

from __future__ import annotations

import asyncio
import queue
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lupus_kit.course.execution import this_python


class Deaf:
    """A socket that never wakes who waits for it: it looks once at the start, and once when the time is over."""

    def __init__(self, comes_after: float) -> None:
        self.due = time.monotonic() + comes_after

    async def poll(self, milliseconds: float) -> bool:
        if time.monotonic() < self.due:
            await asyncio.sleep(milliseconds / 1000)
        return time.monotonic() >= self.due


def test_a_reply_without_a_wake_up_costs_a_second_and_not_the_time_of_a_cell(tmp_path):
    manager = this_python(tmp_path)
    manager.write_connection_file()
    client = manager.client()
    channel = client.shell_channel
    channel.socket.close()

    async def received():
        return {"content": "reply"}

    channel._recv = received
    with ThreadPoolExecutor(1) as thread:  # a browser of other tests has its loop in this one

        def get(timeout):
            return thread.submit(lambda: asyncio.run(channel.get_msg(timeout))).result()

        start = time.monotonic()
        channel.socket = Deaf(comes_after=0.1)
        assert get(300) == {"content": "reply"}
        assert time.monotonic() - start < 60
        channel.socket = Deaf(comes_after=1000)
        with pytest.raises(queue.Empty):
            get(0.2)
    channel.socket = None
    manager.cleanup_connection_file()
