"""Which shutdown a starting engine serves: one that was given to it, not one that an earlier engine left."""

import time
from types import SimpleNamespace

from engine.runs.protocol.verbs import SHUTDOWN
from engine.runs.supervisor.commands import CommandHandler
from engine.store.reader import Reader
from engine.store.writer import Writer


def test_a_shutdown_for_an_earlier_engine_is_forgotten_and_one_for_this_engine_is_served(workspace):
    asked = []
    with Writer(workspace) as writer, Reader(workspace) as reader:
        earlier = writer.commands.give(SHUTDOWN)
        time.sleep(0.01)
        began = time.time()
        pool = SimpleNamespace(is_left_behind=lambda run: False, has=lambda run: False)
        handler = CommandHandler(reader, writer, pool, None, lambda: asked.append("shutdown"))
        this = writer.commands.give(SHUTDOWN)  # before the engine's first round
        handler.forget_shutdowns(began)
        assert [command.id for command in reader.commands.pending()] == [this]
        handler.serve()
        assert asked == ["shutdown"]
        assert reader.commands.get(earlier).done and reader.commands.get(this).done
