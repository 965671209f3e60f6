"""A contestant that dies, in a module of its own: each of its processes reads nothing else."""


def contend(orders, kind, task, device, threads):
    orders.send("ready")
