import pytest

from engine.analysis.settings import setting_differences
from engine.config import RaceConfig
from engine.config.presets import PRESETS
from engine.errors import ConfigError, DataError
from engine.models.arm_names import run_label
from engine.runs.launchers.registry import LauncherChoice
from engine.runs.protocol import planning
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.engine.data import pictures


def test_shape_follows_data_and_pool(workspace):
    race = plan_race(RaceRequest((20, 56), ("none", "A")), workspace)
    model = race.run.model
    assert (model.channels, model.classes, model.image_size, model.width) == (1, 10, 14, 8)
    assert [run.model.arm for run in race.runs()] == ["plain-20", "plain-56", "A-20", "A-56"]
    assert plan_race(RaceRequest(data="cifar10"), workspace).run.model.image_size == 16
    assert RaceConfig.from_json(race.to_json()) == race


def test_every_preset_can_be_planned_without_a_network(workspace):
    for name, preset in PRESETS.items():
        if not preset.data:
            continue  # its images are yours
        race = plan_race(RaceRequest(preset=name), workspace)
        assert (race.depths, race.shortcuts, race.seeds) == (preset.depths, preset.shortcuts, preset.seeds)
    assert plan_race(RaceRequest(preset="talk"), workspace).run.data.name == "fashion-mnist-mini"


def test_start_or_wire_differs_from_the_quick_race_in_its_arms_and_seeds_alone(workspace):
    quick, race = (plan_race(RaceRequest(preset=name), workspace) for name in ("quick", "start"))
    assert (race.run, race.depths) == (quick.run, quick.depths)
    assert race.shortcuts == ("none", "A", "dirac", "zero-gamma")
    assert (race.seeds, plan_race(RaceRequest(preset="start", seeds=1), workspace).seeds) == (3, 1)


def test_the_paper_warms_up_depth_110_and_nothing_else(workspace):
    race = plan_race(RaceRequest(preset="paper"), workspace)
    assert {run.model.depth: run.optim.warmup_lr for run in race.runs()} == {
        20: None, 32: None, 44: None, 56: None, 110: 0.01, 1202: None,
    }  # fmt: skip
    assert RaceConfig.from_json(race.to_json()) == race
    mine = plan_race(RaceRequest((110,), ("A",), preset="paper", settings={"warmup_lr": "0.02"}), workspace)
    assert mine.runs()[0].optim.warmup_lr == 0.02


def test_the_papers_protocol_is_section_4_2(workspace):
    race = plan_race(RaceRequest(preset="paper"), workspace)
    assert race.depths == (20, 32, 44, 56, 110, 1202)
    assert race.shortcuts == ("none", "A")
    run = race.runs()[0]
    assert (run.model.width, run.model.image_size, run.model.classes, run.precision) == (16, 32, 10, "fp32")
    assert (run.data.name, run.data.pool, run.data.crop, run.data.flip) == ("cifar10", 1, 4, True)
    optim = run.optim
    assert (optim.lr, optim.momentum, optim.weight_decay, optim.batch_size) == (0.1, 0.9, 1e-4, 128)
    # First update with the lower rate: the one after 32k, and after 48k, updates.
    changes = [step for step in range(2, 64_001) if optim.lr_at(step) != optim.lr_at(step - 1)]
    assert (optim.steps, changes) == (64_000, [32_001, 48_001])
    assert [optim.lr_at(step) for step in (1, 32_001, 64_000)] == pytest.approx([0.1, 0.01, 0.001])
    warm = next(run for run in race.runs() if run.model.depth == 110).optim
    assert (warm.warmup_lr, warm.warmup_error) == (0.01, 80.0)


@pytest.mark.parametrize("settings", [{"steps": "6400"}, {"optim.steps": "6400"}])
def test_a_tenth_of_the_schedule_keeps_its_shape(workspace, settings):
    race = plan_race(RaceRequest((110,), ("A",), preset="paper", settings=settings), workspace)
    assert race == plan_race(RaceRequest((110,), ("A",), preset="paper", steps=6400), workspace)
    optim = race.runs()[0].optim
    changes = [step for step in range(2, 6401) if optim.lr_at(step) != optim.lr_at(step - 1)]
    assert (optim.steps, changes, optim.warmup_lr) == (6400, [3201, 4801], 0.01)


def test_the_papers_split_at_choice(workspace):
    race = plan_race(RaceRequest((20,), ("A",), preset="paper", settings={"validation": "5000"}), workspace)
    assert race.run.data.validation == 5000
    assert plan_race(RaceRequest((20,), ("A",), preset="paper"), workspace).run.data.validation == 0


def test_a_race_of_the_imagenet_family(workspace):
    family = {"family": "imagenet", "stem": "small"}
    race = plan_race(RaceRequest((18, 50), ("plain", "B"), settings=family), workspace)
    model = race.run.model
    assert (model.family, model.image_size, model.classes, model.channels, model.width) == ("imagenet", 14, 10, 1, 8)
    assert [run.model.arm for run in race.runs()] == ["plain-18", "plain-50", "B-18", "B-50"]
    assert RaceConfig.from_json(race.to_json()) == race
    assert plan_race(RaceRequest((34,), ("A",), settings=family), workspace).run.model.depth == 34
    # A width that the preset took from its family gives way to the new family's, a chosen one stays.

    def width(depth, **settings):
        request = RaceRequest((depth,), ("A",), preset="paper", settings=settings)
        return plan_race(request, workspace).run.model.width

    assert width(18, family="imagenet") == 64
    assert width(18, family="imagenet", width="16") == 16
    assert width(20, family="cifar") == 16


def test_another_optimizer_brings_its_own_rate_decay_and_grid(workspace):
    def optim(depth=110, preset="paper", steps=None, **settings):
        race = plan_race(RaceRequest((depth,), ("A",), preset=preset, steps=steps, settings=settings), workspace)
        return race.runs()[0].optim

    adamw = optim(optimizer="adamw")
    assert (adamw.lr, adamw.weight_decay, adamw.tune_grid[0], adamw.drops) == (0.001, 0.0, 0.0001, (0.5, 0.75))
    assert adamw.warmup_lr is None, "the preset's exception for depth 110 is a rule for SGD"
    own = optim(optimizer="adamw", lr="0.003", weight_decay="0.01")
    assert (own.lr, own.weight_decay, own.tune_grid) == (0.003, 0.01, adamw.tune_grid)
    assert optim(optimizer="sgd", warmup_steps="0").warmup_lr == 0.01, "as the preset has them"
    assert optim(warmup_steps="500").warmup_lr is None, "a warm-up for all depths takes the place of one depth's"
    assert optim(56, "quick", steps=600, warmup_steps="400").warmup_steps == 400, "judged beside the race's steps"


def test_a_race_of_stacks_has_the_width_of_its_family_and_depths_by_blocks(workspace):
    race = plan_race(
        RaceRequest(blocks=(4, 12), shortcuts=("none", "A:order=post-ln"), settings={"family": "vit"}), workspace
    )
    model = race.run.model
    assert (race.depths, race.shortcuts) == ((18, 50), ("none", "A:order=post-ln"))
    assert (model.width, model.image_size, model.patch_size, model.tokens) == (32, 14, 2, 49)
    mlp = plan_race(RaceRequest((8,), ("plain",), settings={"family": "mlp", "width": "16"}), workspace).run.model
    assert (mlp.width, mlp.channels, mlp.image_size) == (16, 1, 14)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"blocks": (4,)}, "blocks name the depths of the families mlp and vit; name weighted layers for cifar"),
        ({"blocks": (4,), "depths": (20,)}, "depths and blocks both say how deep the nets are"),
        ({"settings": {"family": "mlp"}, "shortcuts": ("B",)}, "the family mlp has the shortcuts none, A, scaled"),
        ({"settings": {"family": "mlp"}, "shortcuts": ("A:order=post",)}, "order of shortcut A is pre-ln or post-ln"),
        ({"settings": {"family": "mlp", "recalibrate_bn": "true"}}, "recalibrate_bn needs batch norm"),
        ({"settings": {"family": "mlp", "heads": "2"}}, "heads belongs to the family vit"),
    ],
)
def test_what_stacks_do_not_have_is_refused(workspace, wrong, words):
    with pytest.raises(ConfigError, match=words):
        plan_race(RaceRequest(**wrong), workspace)


def test_the_imagenet_preset_needs_images(workspace):
    with pytest.raises(ConfigError, match="preset imagenet brings no images; name a folder .* --data folder:PATH"):
        plan_race(RaceRequest(preset="imagenet"), workspace)
    race = plan_race(RaceRequest(preset="imagenet", data="cifar10"), workspace)
    assert [run.model.arm for run in race.runs()] == ["plain-18", "plain-34", "A-18", "A-34"]
    optim = race.run.optim
    assert (race.run.model.width, race.run.model.first_layer, optim.batch_size) == (64, "large", 256)
    changes = [step for step in (200_000, 200_001, 400_000, 400_001) if optim.lr_at(step) != optim.lr_at(step - 1)]
    assert (optim.steps, changes) == (600_000, [200_001, 400_001])


def test_seeds_and_settings(workspace):
    race = plan_race(
        RaceRequest((8,), ("A",), seeds=2, first_seed=5, steps=40, settings={"lr": "0.05", "data.pool": "1"}), workspace
    )
    assert [run.seed for run in race.runs()] == [5, 6]
    assert (race.run.optim.lr, race.run.optim.steps, race.run.model.image_size) == (0.05, 40, 28)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"depths": (21,)}, "not 6n.2.*nearest 20 and 26"),
        ({"depths": (20, 20)}, "^depths has 20 more than once; name each once$"),
        ({"shortcuts": ("none", "Z")}, "unknown shortcut 'Z'; choose from none, A, B, C"),
        ({"data": "mnist"}, "unknown data set 'mnist'; choose from"),
        ({"preset": "slow"}, "unknown preset 'slow'; choose from quick"),
        ({"steps": 0}, r"^optim.steps is a whole number from 1 to 10,000,000 \(got 0\)$"),
        ({"settings": {"steps": "0"}}, "^optim.steps is a whole number from 1 to"),
        ({"steps": 50, "settings": {"warmup_steps": "60"}}, "^optim.warmup_steps is at most the run's 50 steps "),
        ({"settings": {"optimizer": "adamw", "momentum": "0.5"}}, "^optim.momentum is SGD's; AdamW has fixed betas"),
        ({"seeds": 0}, r"^seeds is a whole number from 1 to 100 \(got 0\)$"),
        ({"first_seed": -1}, "first_seed"),
        ({"settings": {"pool": "3"}}, "pool 3 does not fit the 28x28 images .*choose from 1, 2, 4, 7$"),
        ({"settings": {"pool": "14"}}, "pool 14 does not fit the 28x28 images .*choose from 1, 2, 4, 7$"),
        ({"depths": (20, 56), "seeds": 33}, "make 66 runs and a race has at most 64; choose at most 32 seeds"),
        (
            {"depths": range(8, 104, 6), "shortcuts": ("none", "A", "B", "C"), "seeds": 2},
            "16 depths, 4 shortcuts and 2 seeds make 128 runs and a race has at most 64; choose at most 1 seed$",
        ),
        ({"shortcuts": ("none", "plain")}, "shortcuts has none more than once"),
        ({"shortcuts": ("gated", "gated:bias=-6")}, "shortcuts has gated more than once"),
        ({"shortcuts": ("gated:gate=1",)}, "choose from bias, order, norm, layers"),
        ({"depths": (20, 32), "shortcuts": ("A", "A:layers=3")}, "at depth 32; nearest 20 and 38"),
        ({"settings": {"rate": "1"}}, "unknown setting 'rate'"),
        ({"settings": {"depth": "20"}}, "follows from the depths"),
        ({"settings": {"model.channels": "3"}}, "follows from the data set"),
        ({"settings": {"lr": "fast"}}, "optim.lr"),
        ({"settings": {"batch_size": "30000"}}, "more than the 20000 training images"),
        ({"settings": {"eval_images": "6000"}}, "more than the 5000 test images"),
        ({"settings": {"validation": "19950"}}, "the 50 training images of .* that validation=19950 leaves"),
        ({"settings": {"validation": "30000"}}, "the 0 training images"),
        ({"settings": {"family": "imagenet"}}, "depth 20 is not of the family imagenet; choose from 18, 34, 50, 101"),
        ({"settings": {"family": "resnext"}}, "model.family is cifar, imagenet, mlp or vit .got 'resnext'."),
        ({"settings": {"family": "imagenet"}, "depths": (18,)}, "14 pixels .* five halvings .* or stem=small"),
        (
            {"settings": {"family": "imagenet", "stem": "small"}, "depths": (18, 20)},
            "depth 20 is not of the family imagenet",
        ),
        (
            {"settings": {"family": "imagenet", "stem": "small"}, "depths": (18,), "shortcuts": ("A:order=full-pre",)},
            "order of shortcut A is post .got 'full-pre'.",
        ),
        ({"settings": {"stem": "large"}}, "stem of the family cifar is small"),
        ({"settings": {"device": "cuda:63"}}, "device cuda:63 is not there"),
        ({"settings": {"device": "mps"}}, "device mps is not there; choose from auto, cpu"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_right(workspace, wrong, words):
    asked = {"depths": (20,), "shortcuts": ("A",), **wrong}
    with pytest.raises(ConfigError, match=words) as caught:
        plan_race(RaceRequest(**asked), workspace)
    assert "\n" not in str(caught.value)
    assert not list(workspace.path.iterdir())


def test_a_race_for_a_cluster_may_ask_for_gpus_that_this_machine_lacks(workspace, monkeypatch):
    request = RaceRequest((20,), ("A",), settings={"device": "cuda:63"})
    for launcher in ("local", "ray 10.0.0.1:6379"):
        workspace.engine_launcher.write_text(f"{launcher}\n")
        if launcher == "local":
            with pytest.raises(ConfigError, match="cuda:63 is not there"):
                plan_race(request, workspace)
        else:
            assert plan_race(request, workspace).run.device == "cuda:63"
    workspace.engine_launcher.unlink()
    monkeypatch.setenv("ENGINE_LAUNCHER", "local")  # restored afterwards
    LauncherChoice("ray", "10.0.0.1:6379").for_engines()  # of the engine that this process would start
    assert plan_race(request, workspace).run.device == "cuda:63"


def test_a_race_for_a_cluster_is_refused_what_no_cluster_can_do_and_nothing_else(workspace, monkeypatch):
    workspace.engine_launcher.write_text("ray 10.0.0.1:6379\n")
    monkeypatch.setattr(planning, "devices", lambda: ("cpu",))  # a head without a GPU or a compiler
    monkeypatch.setattr(planning, "refusal", lambda kind: f"no compiler for {kind}")

    def planned(**settings):
        return plan_race(RaceRequest((8,), ("A",), settings=settings), workspace).run

    assert planned(graph="true").graph
    assert planned(graph="true", device="cuda").graph
    assert planned(compile="true").compile
    assert planned(replicas="8", device="cuda").replicas == 8
    for settings, words in (
        ({"graph": "true", "device": "cpu"}, "needs a GPU of NVIDIA; set graph=false"),
        ({"compile": "true", "device": "mps"}, "no compiler for mps"),
        ({"replicas": "2", "device": "cuda:1"}, "set device=cuda, without a number"),
        ({"replicas": "2", "device": "mps"}, "replicas train on cpu or cuda"),
    ):
        with pytest.raises(ConfigError, match=words):
            planned(**settings)
    workspace.engine_launcher.write_text("local\n")
    for settings, words in (
        ({"graph": "true"}, "needs a GPU of NVIDIA; set graph=false"),
        ({"compile": "true"}, "no compiler for cpu"),
    ):
        with pytest.raises(ConfigError, match=words):
            planned(**settings)


def test_a_race_may_have_64_runs(workspace):
    assert len(plan_race(RaceRequest((20, 56), ("none",), seeds=32), workspace).runs()) == 64


def test_plain_means_none(workspace):
    race = plan_race(RaceRequest((20,), ("plain", "A")), workspace)
    assert race == plan_race(RaceRequest((20,), ("none", "A")), workspace)
    assert [run.model.shortcut for run in race.runs()] == ["none", "A"]


def test_variants_are_kept_in_their_canonical_form(workspace):
    race = plan_race(RaceRequest((20,), ("plain:norm=none", "A:layers=2:order=full-pre", "gated:bias=-7.0")), workspace)
    assert race.shortcuts == ("none:norm=none", "A:order=full-pre", "gated:bias=-7")
    assert [run.model.arm for run in race.runs()] == ["plain-20 norm=none", "A-20 order=full-pre", "gated-20 bias=-7"]


@pytest.fixture
def pets(tmp_path):
    return pictures.folder(tmp_path / "pets", each=90)


def test_a_folder_shapes_the_net_and_is_kept_by_its_absolute_path(workspace, pets, monkeypatch):
    monkeypatch.chdir(pets.parent)
    race = plan_race(RaceRequest((8,), ("A",), data="folder:pets"), workspace)
    model, data = race.run.model, race.run.data
    assert (model.channels, model.classes, model.image_size) == (3, 2, 4)  # the quick preset halves the side
    assert (data.name, data.eval_images) == (f"folder:{pets}", 30)
    race = plan_race(RaceRequest((8,), ("A",), data="folder:pets", settings={"resize": "36", "pool": "3"}), workspace)
    assert (race.run.model.image_size, race.run.data.resize) == (12, 36)
    assert RaceConfig.from_json(race.to_json()) == race


def test_digits_are_not_mirrored_unless_asked_for(workspace):
    def flip(**more):
        return plan_race(RaceRequest((8,), ("A",), **more), workspace).run.data.flip

    assert flip(data="svhn") is False
    assert flip(data="svhn", settings={"flip": "true"}) is True
    assert flip(data="cifar100") is True


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"eval_images": "31"}, "eval_images 31 is more than the 30 test images"),
        ({"batch_size": "151"}, "batch_size 151 is more than the 150 training images"),
        ({"pool": "4"}, "pool 4 does not fit the 8x8 images .*choose from 1, 2$"),
        ({"resize": "18", "pool": "4"}, "pool 4 does not fit the 18x18 images .*choose from 1, 2, 3$"),
        ({"resize": "2"}, "resize is 0 .* or at least 4"),
        ({"resize": "513"}, "data.resize is a whole number from 0 to 512"),
    ],
)
def test_what_does_not_fit_a_small_folder_is_one_line(workspace, pets, settings, words):
    with pytest.raises(ConfigError, match=words):
        plan_race(RaceRequest((8,), ("A",), data=f"folder:{pets}", settings=settings), workspace)


@pytest.mark.parametrize("name", ["folder:nothing", "parquet:nothing", "folder:."])
def test_a_path_that_is_no_set_is_refused_before_anything_starts(workspace, name, monkeypatch):
    monkeypatch.chdir(workspace.path)
    with pytest.raises(DataError) as caught:
        plan_race(RaceRequest((8,), ("A",), data=name), workspace)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="resize is for images named by their path"):
        plan_race(RaceRequest((8,), ("A",), data="cifar10", settings={"resize": "16"}), workspace)
    assert not list(workspace.path.iterdir())


def test_replicas_that_cannot_be_are_refused_in_one_line(workspace, monkeypatch):
    def refusal(**settings):
        with pytest.raises(ConfigError) as caught:
            plan_race(RaceRequest((8,), ("A",), settings=settings), workspace)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    monkeypatch.setattr(planning, "cores", lambda: 2)
    monkeypatch.setattr(planning, "devices", lambda: ("cpu",))
    assert refusal(replicas="3") == (
        "replicas share a batch of 128 images equally, at least 2 each: 1, 2, 4 or 8, "
        "and no more than there are cores or GPUs (got 3)"
    )
    assert "at least 2 each: 1 or 3, and" in refusal(replicas="2", batch_size="9")
    assert refusal(replicas="9") == "replicas is a whole number from 1 to 8 (got 9)"
    assert "never tried together" in refusal(replicas="2", compile="true")
    assert refusal(replicas="4") == "replicas=4 need a core each; this machine has 2"
    for name in ("devices", "nameable_devices"):
        monkeypatch.setattr(planning, name, lambda: ("cpu", "cuda:0", "cuda:1"))
    assert refusal(replicas="4") == "replicas=4 need as many GPUs; this machine has 2, or set device=cpu"
    assert refusal(replicas="2", device="cuda:1").startswith("each replica has a GPU of its own; set device=cuda")
    assert plan_race(RaceRequest((8,), ("A",), settings={"replicas": "2"}), workspace).run.replicas == 2
    monkeypatch.setattr(planning, "nameable_devices", lambda: ("cpu", "mps"))
    assert refusal(replicas="2", device="mps") == "replicas train on cpu or cuda (got device mps); set replicas=1"


def test_an_arm_is_named_with_its_replicas(workspace, monkeypatch):
    monkeypatch.setattr(planning, "cores", lambda: 2)
    one, other = (
        plan_race(RaceRequest((8,), ("A",), settings={"replicas": text}), workspace).runs()[0] for text in ("1", "2")
    )
    assert (run_label(one), run_label(other)) == ("A-8", "A-8 on 2 replicas")
    assert [tuple(row) for row in setting_differences(one, other)] == [("replicas", "1", "2")]
