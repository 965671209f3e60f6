"""Uvicorn's server, with bounds on what the system keeps for it: connections in a queue, and bytes for each reader."""

import socket

import uvicorn

#: Connections that are accepted in one go: what was begun goes on between them. Others wait in the system's queue.
ACCEPTED, QUEUE = 8, 2048
#: Bytes that the system keeps for a reader; Linux doubles them, and would take megabytes for each who reads nothing.
UNSENT_BYTES = 128 * 1024


class BoundedServer(uvicorn.Server):
    """Uvicorn's server, with a queue of the system that is longer than what is accepted in one go.

    asyncio takes one number for both, which is the first. Where the queue is full, a browser tries again after a
    second. Connections have the bounds of the socket that they came by.

    Without a bound for each reader, Linux keeps as much as 4 MB for one (``net.ipv4.tcp_wmem``), and this process has
    copied it before he takes anything.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, then lengthen the queue and bound what is kept for each reader."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                with listening.dup() as same:
                    same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT_BYTES)
                    same.listen(QUEUE)
