"""A worker that dies, in a module of its own: each of its processes reads nothing else."""


def serve(orders, kind, workload, device, threads):
    orders.send("ready")
