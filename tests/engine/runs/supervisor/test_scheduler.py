import pytest

from engine.hardware.machine import RUNS_PER_GPU
from engine.runs.supervisor.scheduler import Active, GpuMemory, Machine, Start, Waiting
from engine.runs.supervisor.scheduler import schedule as scheduled

CPU = ["cpu"]


def schedule(queued, active, *machine, **more):
    return scheduled(queued, active, Machine(*machine, **more))


def race(number: int, arms: int, first_run: int, **more) -> list[Waiting]:
    return [Waiting(first_run + i, number, i, arms, **more) for i in range(arms)]


def test_all_arms_of_a_small_race_start_together_with_one_thread_each():
    plan = schedule(race(1, 4, 1), [], CPU, cores=2)
    assert plan.starts == tuple(Start(run, "cpu", 1) for run in (1, 2, 3, 4))
    assert plan.waits == {}


def test_at_most_twice_as_many_workers_as_cores():
    plan = schedule(race(1, 6, 1), [], CPU, cores=2)
    assert [start.run for start in plan.starts] == [1, 2, 3, 4]
    assert plan.waits[5] == "waits for a free slot (4 of 4 in use)"
    assert plan.waits[6] == "waits its turn behind run 5"


def test_an_instant_race_comes_after_ordinary_ones_and_holds_none_back():
    instant = race(5, 4, 51, instant=True)
    plan = schedule([*instant, *race(6, 2, 61)], [], CPU, cores=2)
    assert [start.run for start in plan.starts] == [61, 62]
    assert plan.waits[51] == "waits for runs 61, 62: ordinary races have precedence"
    assert [start.run for start in schedule(instant, [], CPU, cores=2).starts] == [51, 52, 53, 54]
    at_work = [Active(run, 1, "cpu", instant=True) for run in (51, 52, 53, 54)]
    assert [start.run for start in schedule(race(6, 4, 61), at_work, CPU, cores=2).starts] == [61, 62, 63, 64]
    assert schedule(race(7, 1, 71, instant=True), at_work, CPU, cores=2).starts == ()


def test_a_single_run_waits_for_the_instant_race_at_work_and_for_no_further_one():
    at_work = [Active(run, 1, "cpu", instant=True) for run in (51, 52)]
    alone, next_instant = Waiting(71, 7, 0, 1), race(8, 4, 81, instant=True)
    plan = schedule([*next_instant, alone], at_work, CPU, cores=2)
    assert plan.starts == ()
    assert plan.waits[71] == "waits for runs 51, 52: it trains with 2 threads, alone"
    assert plan.waits[81] == "waits its turn behind run 71"
    assert schedule([*next_instant, alone], [], CPU, cores=2).starts == (Start(71, "cpu", 2),)


def test_a_single_run_gets_all_cores():
    assert schedule([Waiting(7, 3, 0, 1)], [], CPU, cores=8).starts == (Start(7, "cpu", 8),)


@pytest.mark.parametrize("others", [[Active(1, 1, "cpu")], [Active(1, 4, "cpu")], [Active(1, 1, "cpu")] * 3])
def test_a_run_with_several_threads_never_starts_beside_others(others):
    plan = schedule([Waiting(7, 3, 0, 1)], others, CPU, cores=4)
    assert plan.starts == ()
    assert plan.waits[7].startswith("waits for run")


def test_nothing_starts_beside_a_run_with_several_threads():
    plan = schedule(race(2, 4, 5), [Active(1, 2, "cpu")], CPU, cores=2)
    assert plan.starts == ()
    assert plan.waits[5] == "waits for run 1, which trains with several threads"


def test_a_single_run_on_one_core_is_no_crowd():
    assert len(schedule(race(1, 1, 1), [Active(9, 1, "cpu")], CPU, cores=1).starts) == 1


def test_order_is_race_then_position_and_nobody_overtakes():
    queued = [*race(3, 2, 31), Waiting(20, 2, 0, 1), *race(1, 2, 11)]
    plan = schedule(list(reversed(queued)), [], CPU, cores=2)
    assert [start.run for start in plan.starts] == [11, 12]
    assert "alone" in plan.waits[20]
    # Slots are free, but race 3 would keep the single run of race 2 waiting for ever.
    assert plan.waits[31] == "waits its turn behind run 20"


def test_threads_are_kept_on_resume():
    plan = schedule([Waiting(1, 1, 0, 4, threads=2, device="cpu")], [], CPU, cores=8)
    assert plan.starts == (Start(1, "cpu", 2),)
    assert schedule([Waiting(1, 1, 0, 1, threads=1, device="cpu")], [Active(2, 1, "cpu")], CPU, 8).starts


def test_runs_are_spread_evenly_over_gpus():
    devices = ["cpu", "cuda:0", "cuda:1"]
    plan = schedule(race(1, 5, 1), [Active(9, 1, "cuda:0")], devices, cores=2)
    assert [start.device for start in plan.starts] == ["cuda:1", "cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert {start.threads for start in plan.starts} == {1}


def test_a_full_gpu_makes_wait_and_the_cpu_goes_on():
    full = [Active(100 + i, 1, "cuda:0") for i in range(RUNS_PER_GPU)]
    queued = [Waiting(1, 1, 0, 2), Waiting(2, 1, 1, 2, device="cpu")]
    plan = schedule(queued, full, ["cpu", "cuda:0"], cores=2)
    assert plan.starts == (Start(2, "cpu", 1),)
    assert "cuda:0" in plan.waits[1]


def test_a_device_that_is_not_there_is_named_and_holds_nobody_back():
    queued = [Waiting(1, 1, 0, 2, device="cuda"), Waiting(2, 1, 1, 2)]
    plan = schedule(queued, [], CPU, cores=2)
    assert plan.waits == {1: "waits for a device cuda; this machine has cpu"}
    assert plan.starts == (Start(2, "cpu", 1),)


def test_a_resumed_cpu_run_stays_on_the_cpu_where_there_are_gpus():
    plan = schedule([Waiting(1, 1, 0, 4, threads=1, device="cpu")], [], ["cpu", "cuda:0"], cores=2)
    assert plan.starts == (Start(1, "cpu", 1),)


def test_a_lab_starts_at_once_beside_whatever_trains_and_holds_nobody_back():
    lab = Waiting(9, 1, 0, 1, threads=1, lab=True)
    for training in ([Active(1, 2, "cpu")], [Active(run, 1, "cpu") for run in (1, 2, 3, 4)]):
        assert schedule([lab], training, CPU, cores=2).starts == (Start(9, "cpu", 1),)
    plan = schedule([lab, *race(2, 4, 1)], [], CPU, cores=2)
    assert len(plan.starts) == 5, "a lab takes no slot of the race's"
    busy = [Active(7, 1, "cpu", lab=True), Active(8, 1, "cpu", lab=True)]
    plan = schedule([lab, *race(2, 4, 1)], busy, CPU, cores=2)
    assert plan.waits == {9: "waits for the labs that are running (runs 7, 8)"}
    assert len(plan.starts) == 4
    assert schedule([Waiting(3, 3, 0, 1)], busy, CPU, cores=2).starts == (Start(3, "cpu", 2),)


def test_labs_together_have_no_more_threads_than_cores_and_start_in_their_order():
    one, two = (Waiting(run, 0, run, 1, threads=count, lab=True) for run, count in ((9, 1), (8, 2)))
    assert schedule([two], [Active(1, 1, "cpu")], CPU, cores=2).starts == (Start(8, "cpu", 2),)
    plan = schedule([one, two], [Active(7, 1, "cpu", lab=True)], CPU, cores=2)
    assert (plan.starts, plan.waits) == (
        (), {8: "waits for the labs that are running (run 7)", 9: "waits its turn behind run 8"},
    )  # fmt: skip
    assert schedule([one], [Active(7, 2, "cpu", lab=True)], CPU, cores=2).starts == ()
    assert [start.run for start in schedule([one, two], [], CPU, cores=3).starts] == [8, 9]
    wide = Waiting(6, 0, 6, 1, threads=8, lab=True)
    assert schedule([wide], [], CPU, cores=2).starts == (Start(6, "cpu", 8),), "as the training that it looks at"


GB = 10**9
TWO = ["cpu", "cuda:0", "cuda:1"]


def on_gpus(queued, active, free, total=(24, 24), **more):
    memory = {f"cuda:{i}": GpuMemory(total[i] * GB, int(free[i] * GB)) for i in range(2)}
    return schedule(queued, active, TWO, 2, memory, **more)


def test_a_gpu_without_room_is_passed_over():
    plan = on_gpus(race(1, 3, 1, memory_estimate=2 * GB), [], free=(1.5, 20))
    assert [start.device for start in plan.starts] == ["cuda:1"] * 3


def test_what_started_a_moment_ago_counts_although_its_memory_is_still_free():
    starting = [Active(9, 1, "cuda:1", memory_estimate=18 * GB)]
    plan = on_gpus(race(1, 2, 1, memory_estimate=3 * GB), starting, free=(4, 20))
    assert [(start.run, start.device) for start in plan.starts] == [(1, "cuda:0")]
    assert plan.waits == {2: "waits for GPU memory: needs about 3.0 GB, left on cuda:0 1.0 GB, cuda:1 2.0 GB"}
    # Those of one plan count for one another too.
    plan = on_gpus(race(1, 9, 1, memory_estimate=5 * GB), [], free=(11, 16))
    assert [start.device for start in plan.starts] == ["cuda:1", "cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    assert len(plan.waits) == 4


def test_a_run_that_has_taken_its_memory_is_in_what_the_driver_says():
    settled = [Active(9, 1, "cuda:0"), Active(8, 1, "cuda:1")]
    assert len(on_gpus(race(1, 2, 1, memory_estimate=3 * GB), settled, free=(4, 4)).starts) == 2


def test_one_that_needs_more_than_a_gpu_has_gets_an_empty_one():
    huge = [Waiting(1, 1, 0, 2, memory_estimate=90 * GB)]
    assert on_gpus(huge, [], free=(23, 20)).starts == (Start(1, "cuda:0", 1),)
    plan = on_gpus(huge, [], free=(18, 20))
    assert plan.waits[1].startswith("waits for GPU memory: needs about 90.0 GB")


def test_memory_that_is_not_known_does_not_hold_a_run():
    memory = {"cuda:0": GpuMemory(None, None)}
    assert (
        schedule(race(1, 2, 1, memory_estimate=90 * GB), [], ["cpu", "cuda:0"], 2, memory).starts[1].device == "cuda:0"
    )


def test_the_number_of_runs_per_gpu_can_be_chosen():
    plan = on_gpus(race(1, 5, 1, memory_estimate=GB), [], free=(20, 20), per_gpu=2)
    assert len(plan.starts) == 4
    assert plan.waits == {5: "waits for a free slot (2 runs on cuda:0, cuda:1)"}


def test_of_equally_loaded_gpus_the_emptiest_is_taken():
    assert on_gpus([Waiting(1, 1, 0, 2, memory_estimate=GB)], [], free=(10, 20)).starts[0].device == "cuda:1"


def test_a_small_run_does_not_overtake_one_that_waits_for_memory():
    queued = [
        Waiting(1, 1, 0, 2, memory_estimate=9 * GB),
        Waiting(2, 1, 1, 2, memory_estimate=GB),
        Waiting(3, 2, 0, 2, device="cpu"),
    ]
    plan = on_gpus(queued, [], free=(5, 5))
    assert [start.run for start in plan.starts] == [3]
    assert plan.waits[2] == "waits its turn behind run 1"


@pytest.mark.parametrize("slots", [1, 2, 3, 5])
def test_all_arms_of_the_first_seed_start_before_any_of_the_second(slots):
    """With fewer slots than runs, whichever run ends first."""
    from engine.config import RaceConfig

    configs = RaceConfig(depths=(8, 14, 20), shortcuts=("none", "A"), seeds=3).runs()
    waiting = {run: Waiting(run, 1, run, len(configs), threads=1, device="cuda") for run in range(len(configs))}
    running, started = [], []
    while waiting or running:
        plan = schedule(list(waiting.values()), running, ["cpu", "cuda:0"], 2, per_gpu=slots)
        for start in plan.starts:
            started.append(configs[start.run].seed)
            running.append(Active(start.run, 1, start.device))
            del waiting[start.run]
        assert len(running) <= slots
        running.pop((7 * len(started)) % len(running))
    assert started == sorted(started)
    assert started.count(0) == started.count(1) == started.count(2) == 6


def test_on_a_cluster_each_thread_takes_a_core_of_a_node():
    nodes = {"cores": 6, "nodes": (2, 4)}
    plan = schedule(race(1, 8, 1), [], CPU, **nodes)
    assert [start.run for start in plan.starts] == [1, 2, 3, 4, 5, 6]
    assert plan.waits[7] == "waits for 1 core of the cluster (6 of 6 in use)"
    assert schedule(race(2, 1, 9), [], CPU, **nodes).starts == (Start(9, "cpu", 4),), "the largest node's"
    beside = schedule(race(2, 1, 9), [Active(1, 4, "cpu")], CPU, **nodes)
    assert beside.waits == {9: "waits for 4 cores of the cluster (4 of 6 in use)"}
    wide = schedule([Waiting(9, 2, 0, 1, threads=8)], [], CPU, **nodes)
    assert wide.waits == {9: "waits for a node with 8 cores; the largest of the cluster has 4 cores"}
    assert schedule(race(1, 2, 1), [], CPU, cores=0, nodes=()).starts == ()


def test_on_a_cluster_without_gpus_a_run_says_what_it_waits_for():
    plan = schedule([Waiting(1, 1, 0, 2, device="cuda"), Waiting(2, 1, 1, 2)], [], CPU, cores=2, nodes=(2,))
    assert plan.waits == {1: "waits for a GPU; the cluster has none"}
    assert [start.run for start in plan.starts] == [2]
    two = ["cpu", "cuda:0", "cuda:1"]
    plan = schedule(race(1, 4, 1), [], two, cores=2, nodes=(1, 1), per_gpu=2)
    assert [start.device for start in plan.starts] == ["cuda:0", "cuda:1", "cuda:0", "cuda:1"]
    plan = schedule([Waiting(1, 1, 0, 2, device="cuda:2")], [], two, cores=2, nodes=(1, 1))
    assert plan.waits == {1: "waits for cuda:2; the cluster has cuda:0, cuda:1"}
    plan = schedule([Waiting(1, 1, 0, 2, device="mps")], [], two, cores=2, nodes=(1, 1))
    assert plan.waits == {1: "waits for a device mps; runs of a cluster train on cpu or cuda"}


def test_replicas_start_together_with_at_least_a_thread_each():
    def plan(arms, active=(), cores=2, **more):
        return schedule(race(1, arms, 1, replicas=2, **more), active, CPU, cores=cores)

    assert plan(1, cores=4).starts == (Start(1, "cpu", 4, ("cpu",)),)
    assert plan(1, threads=1).starts == (Start(1, "cpu", 2, ("cpu",)),)
    several = plan(2)
    assert several.starts == (Start(1, "cpu", 2, ("cpu",)),), "a run with several threads trains alone"
    assert several.waits[2] == "waits for run 1, which trains with several threads"
    assert plan(1, [Active(9, 1, "cpu")]).waits[1] == "waits for run 9: it trains with 2 replicas, alone"


@pytest.mark.parametrize("nodes", [None, (2, 2)])
def test_each_replica_has_a_gpu_that_no_other_run_shares(nodes):
    devices = ["cpu", "cuda:0", "cuda:1", "cuda:2"]

    def plan(queued, active=(), of=devices, **more):
        return schedule(queued, active, of, cores=4, nodes=nodes, **more)

    pair, (single,) = race(1, 1, 1, replicas=2), race(2, 1, 2)
    (start,) = plan(pair, [Active(9, 1, "cuda:1")]).starts
    assert (start.device, start.further, start.threads) == ("cuda:0", ("cuda:2",), 2)
    assert plan([*pair, single]).starts[1].device == "cuda:2", "the others have a replica each"
    busy = plan(pair, [Active(9, 1, "cuda:1"), Active(8, 1, "cuda:0")])
    assert busy.waits == {1: "waits for 2 GPUs without another run, one for each replica; there is 1"}
    at_work = Active(1, 2, "cuda:0", further=("cuda:1",), replicas=2)
    full = plan([single], [at_work], devices[:3])
    assert full.waits == {2: "waits for a free slot (a replica on cuda:0, cuda:1)"}
    mixed = plan([single], [at_work, Active(8, 1, "cuda:2"), Active(7, 1, "cuda:2")], per_gpu=2)
    assert mixed.waits == {2: "waits for a free slot (2 runs on cuda:2; a replica on cuda:0, cuda:1)"}


def test_a_lack_of_slots_is_not_called_a_lack_of_memory():
    full = [Active(run, 1, "cuda:0") for run in range(10, 18)]
    waits = on_gpus(race(1, 1, 1, replicas=2, memory_estimate=GB), full, free=(70, 70)).waits[1]
    assert waits == "waits for 2 GPUs without another run, one for each replica; there is 1"


def test_on_a_cluster_replicas_wait_until_so_many_gpus_are_whole_wherever_the_runs_are():
    gpus = {"devices": ["cpu", *(f"cuda:{index}" for index in range(4))], "cores": 8, "nodes": (4, 4)}

    def plan(active):
        return scheduled(race(1, 1, 1, replicas=2), active, Machine(**gpus))

    two = [Active(8, 1, "cuda:0"), Active(9, 1, "cuda:0")]
    assert plan(two).starts, "at most two GPUs have a run"
    assert plan([*two, Active(7, 1, "cuda:0")]).waits[1].endswith("there is 1"), "Ray may have put them on three"


def test_runs_that_an_engine_before_left_hold_all_gpus_that_they_may_be_on():
    devices, (queued,) = ["cpu", "cuda:0", "cuda:1", "cuda:2"], race(2, 1, 2)
    left = Active(1, 2, "cuda:0", replicas=2)
    assert schedule([queued], [left, Active(9, 1, "cuda:2")], devices, cores=2).starts[0].device == "cuda:2"
    waits = schedule([queued], [left], devices, cores=2).waits[2]
    assert waits == "waits for a free slot (a replica on cuda:0, cuda:1, cuda:2)"
    assert schedule([queued], [Active(1, 2, "cuda:0")], devices, cores=2).starts[0].device == "cuda:1"


@pytest.mark.parametrize(
    ("never", "machine", "words"),
    [
        ({"replicas": 2}, {"nodes": (2, 2)}, "waits for 2 GPUs, one for each replica; there is 1"),
        ({"replicas": 4}, {}, "waits for 4 GPUs, one for each replica; there is 1"),
        ({"replicas": 2, "device": "cuda:0"}, {}, "cannot start: 2 replicas need a GPU each, and device=cuda:0 is one"),
        ({"replicas": 2, "device": "mps"}, {}, "cannot start: 2 replicas need a GPU each, and device=mps is one"),
        (
            {"device": "cpu", "threads": 8},
            {"nodes": (2, 2)},
            "waits for a node with 8 cores; the largest of the cluster has 2 cores",
        ),
        (
            {"device": "cpu", "threads": 6, "replicas": 2},
            {"nodes": (2, 2)},
            "waits for room for 2 replicas of 3 cores each; the cluster's nodes take 0",
        ),
    ],
)
def test_a_run_that_these_devices_can_never_take_holds_nobody_back(never, machine, words):
    later = [Waiting(2, 2, 0, 2, device="cuda"), Waiting(3, 2, 1, 2, device="cpu")]
    plan = schedule([Waiting(1, 1, 0, 1, **never), *later], [], ["cpu", "cuda:0", "mps"], cores=2, **machine)
    assert plan.waits == {1: words}
    assert [start.run for start in plan.starts] == [2, 3]


def test_a_run_that_its_cluster_does_not_place_holds_back_its_kind_of_device_alone():
    late = [Active(1, 1, "cuda:0", is_late=True)]
    queued = [Waiting(2, 2, 0, 2, device="cuda"), Waiting(3, 2, 1, 2, device="cpu")]
    plan = schedule(queued, late, ["cpu", "cuda:0"], cores=2, nodes=(2,))
    assert plan.waits == {2: "waits its turn behind run 1"}
    assert [start.run for start in plan.starts] == [3]


def test_on_a_cluster_cores_of_several_nodes_are_no_room_for_one_piece():
    def waits(waiting, active, nodes):
        return schedule([waiting], active, CPU, cores=sum(nodes), nodes=nodes).waits

    pair, four = Waiting(1, 1, 0, 1, 4, "cpu", replicas=2), Waiting(1, 1, 0, 1, 4, "cpu")
    assert waits(pair, [Active(9, 2, "cpu")], (3, 3)) == {
        1: "waits for room for 2 replicas of 2 cores each, beside run 9"
    }
    one_each = [Active(8, 1, "cpu"), Active(9, 1, "cpu")]
    assert waits(four, one_each, (4, 4)) == {1: "waits for room for 4 cores on one node, beside runs 8, 9"}
    assert waits(four, one_each[:1], (4, 4)) == {}
    assert waits(Waiting(1, 1, 0, 1, 2, "cpu"), [Active(9, 4, "cpu", replicas=2)], (3, 3)) == {
        1: "waits for room for 2 cores on one node, beside run 9"
    }


def test_on_a_cluster_replicas_are_of_equal_size_and_each_is_on_one_node():
    def plan(nodes, active=(), **more):
        return schedule(race(1, 1, 1, replicas=2, **more), active, CPU, cores=2, nodes=nodes)

    assert plan((2, 2)).starts == (Start(1, "cpu", 4, ("cpu",)),)
    assert plan((1, 1)).starts == (Start(1, "cpu", 2, ("cpu",)),)
    assert plan((4,)).starts == (Start(1, "cpu", 4, ("cpu",)),)
    assert plan((1,)).waits[1] == "waits for room for 2 replicas of 1 core each; the cluster's nodes take 1"
    resumed = plan((3, 1), threads=4)
    assert resumed.waits[1] == "waits for room for 2 replicas of 2 cores each; the cluster's nodes take 1"
    assert plan((2, 2), [Active(9, 1, "cpu")]).waits[1] == "waits for 4 cores of the cluster (1 of 4 in use)"
