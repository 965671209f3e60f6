"""A cluster of a head and some nodes on this machine.

    python -m tests.clusters.nodes NUMBER [CORES]

prints the address of the head and lives until its input ends. Each node announces so many cores, 2 by default.
"""

import sys

STORE_BYTES = 80 * 2**20
#: The head looks after its nodes often, so that a test need not wait long. Both may lie below a folder of a test.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "error", "RAY_worker_niceness": "0",
    "RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000", "RAY_health_check_failure_threshold": "3",
}  # fmt: skip


class Nodes:
    """The processes of a cluster; those of a node are killed with it."""

    def __init__(self, number, cores=2):
        from ray.cluster_utils import Cluster

        self.cluster = Cluster(
            initialize_head=True,
            shutdown_at_exit=False,
            head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False},
        )
        self.cores = cores
        self.nodes = [self.add() for _ in range(number)]
        self.cluster.wait_for_nodes()

    @property
    def address(self):
        return self.cluster.address

    def add(self):
        # Nodes of one machine would share one folder of code, and each removes it and makes it anew.
        code = f"code-{len(self.cluster.worker_nodes)}"
        return self.cluster.add_node(num_cpus=self.cores, object_store_memory=STORE_BYTES, runtime_env_dir_name=code)

    def close(self):
        # Not in good order, which takes half a minute for each node and waits for ever for one that is lost already.
        for node in [*self.cluster.worker_nodes, self.cluster.head_node]:
            kill(node)


def kill(node):
    """Kill all processes of a node."""
    for kind in ("raylet", *node.all_processes):
        for each in node.all_processes.get(kind, ()):
            each.process.kill()
            each.process.wait()


def main(number, cores=2):
    nodes = Nodes(number, cores)
    try:
        print(nodes.address, flush=True)
        sys.stdin.read()
    finally:
        nodes.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
