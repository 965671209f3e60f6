"""A worker that dies, in a module of its own: each of its processes reads nothing else."""


def serve(connection, kind, workload, device, threads):
    connection.send("ready")
