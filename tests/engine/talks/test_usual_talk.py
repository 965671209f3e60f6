"""What the talk of the project says is what its recorded races and labs hold."""

import re
from statistics import fmean

import pytest

from engine.exchange import lab_reference
from engine.exchange.bundle.archive import ArchiveReader
from engine.exchange.bundle.contents import points, run_folder
from engine.exchange.bundle.documents import RacesDocument, RunDocument
from engine.exchange.recorded_errors import recorded_runs
from engine.exchange.recordings import get_recording
from engine.talks.files import FOLDER, USUAL, read_talk

TALK = read_talk(FOLDER / f"{USUAL}.toml")


def scene(title):
    (found,) = [scene for scene in TALK.scenes if scene.title.startswith(title)]
    return found


def errors(recording, depth, shortcut, fork=False):
    runs = recorded_runs(get_recording(recording).path)
    return [run.running for run in runs if (run.depth, run.shortcut, run.fork) == (depth, shortcut, fork)]


def test_the_first_answer_is_of_the_means_over_the_seeds_and_holds_for_each():
    deep, shallow = errors("quick", 56, "none"), errors("quick", 20, "none")
    revealed = scene("Worse: after 300 steps")
    assert f"{fmean(deep):.0f} % errors against {fmean(shallow):.0f} %" in revealed.title
    gaps = [one - other for one, other in zip(deep, shallow, strict=True)]
    assert f"smallest difference is {min(gaps):.0f} points" in revealed.notes
    assert len(gaps) == 5
    assert "five seeds" in revealed.notes


def test_the_second_answer_is_the_difference_of_the_two_gaps():
    gaps = [fmean(errors("quick", 56, shortcut)) - fmean(errors("quick", 20, shortcut)) for shortcut in ("none", "A")]
    assert f"the gap of {gaps[0]:.0f} points shrinks to {gaps[1]:.0f}" in scene("Nearly the same").title


def test_more_layers_are_worse_from_20_on_and_not_before():
    by_depth = [fmean(errors("depth", depth, "none")) for depth in (8, 14, 20, 32, 56, 110)]
    assert "Up to 20 layers nothing happens" in scene("Beyond 20 layers").notes
    assert max(by_depth[:3]) - min(by_depth[:3]) < 3
    assert by_depth[2:] == sorted(by_depth[2:])
    assert by_depth[3] - by_depth[2] > 5
    assert by_depth[-1] > 80


def column(recording, depth, shortcut, fork=False, name="running_error"):
    """Return a curve of the talk: the mean over the seeds, by step."""
    found = []
    with ArchiveReader(get_recording(recording).path) as archive:
        for number in range(1, archive.document("races.json", RacesDocument).runs + 1):
            run = archive.document(f"{run_folder(number)}/run.json", RunDocument)
            if (run.config.model.depth, run.config.model.shortcut, run.parent_run is not None) == (
                depth,
                shortcut,
                fork,
            ):
                rows = points(archive, run)
                found.append(dict(zip(map(int, rows["step"]), map(float, rows[name]), strict=True)))
    return {step: fmean(curve[step] for curve in found) for step in found[0]}


def test_the_cut_net_falls_from_and_to_what_is_said_at_once_in_single_steps_and_slowly_in_their_mean():
    notes = scene("Cut them half-way").notes.replace("\n", " ")
    whole, cut = column("cut", 56, "A"), column("cut", 56, "A", fork=True)
    single = column("cut", 56, "A", fork=True, name="error")
    assert f"Up to there both have {whole[150]:.0f} % errors" in notes
    assert min(cut) == 151
    assert f"In the next step the copy has {single[151]:.0f} %" in notes
    assert f"{cut[300]:.0f} % at the end, and the net as it was {whole[300]:.0f} %" in notes
    assert min(single.values()) > 80
    assert "50 steps to climb" in notes
    assert "Faint: single steps" in scene("Cut them half-way").lines[0]
    assert cut[151] < 35 and cut[175] < 70 and cut[200] > 85
    assert scene("Cut them half-way").begin < 150


def test_the_two_lines_of_the_first_answer_never_meet_again_after_the_step_that_is_said():
    deep, shallow = column("quick", 56, "none"), column("quick", 20, "none")
    said = int(re.search(r"never meet again after step (\d+)", scene("Worse: after").notes)[1])
    assert all(deep[step] - shallow[step] > 3 for step in deep if step > said)


def grown(kind):
    (curve,) = [
        curve for curve in lab_reference.read("constructed").curves
        if (curve.panel, curve.name.kind, curve.name.part) == ("training", kind, "")
    ]  # fmt: skip
    return dict(zip(map(int, curve.x), map(float, curve.y), strict=True))


def test_the_scene_of_the_grown_net_says_which_net_is_shallow_until_when_and_where_both_end():
    shown, settings = scene("The good deep net exists"), lab_reference.read("constructed").settings
    copies, scratch = shown.lines
    assert copies.startswith("Grown: ")
    assert f"*{settings['shallow']} layers* to update {settings['before']}, then {settings['grown']}." in copies
    assert f"*{settings['grown']} layers* all the way" in scratch
    before, after = settings["before"], settings["before"] + settings["after"]
    for line, kind in ((copies, "grown"), (scratch, "from scratch")):
        assert f"At the end *{grown(kind)[after]:.0f} %*" in line
    notes = shown.notes.replace("\n", " ")
    assert f"Up to update {before} the grown line is the SHALLOW net" in notes
    assert f"{grown('grown')[before]:.0f} % there against {grown('from scratch')[before]:.0f} %" in notes
    assert f"goes on to {grown('grown')[after]:.0f} %" in notes
    assert all(grown("grown")[step] < grown("from scratch")[step] for step in grown("grown") if step > before)
    assert ("One seed" in notes, settings["seeds"], settings["rates"], "better of two" in notes) == (True, 1, 2, True)


def test_the_scene_of_the_noise_says_of_how_many_layers_the_net_is():
    layers = lab_reference.read("shattering").settings["shown"]
    assert f"One net of {layers} layers" in scene("Why? The gradient").lines[0]


def test_deep_plain_nets_fail_at_training_and_at_test_as_well():
    assert "already at *training*" in scene("What to take home").lines[0]
    for recording in ("quick", "depth"):
        runs = recorded_runs(get_recording(recording).path)
        for measure in ("running", "test"):
            deep, shallow = (
                [getattr(run, measure) for run in runs if (run.depth, run.shortcut) == (depth, "none")]
                for depth in (56, 20)
            )
            assert min(deep) > max(shallow), (recording, measure)


def test_every_share_that_is_said_is_one_that_was_recorded():
    """A number in a text that no recording has is a claim without a source."""
    plain = [run for run in recorded_runs(get_recording("quick").path) if run.shortcut == "none"]
    clean = [fmean(run.clean for run in plain if run.depth == depth) for depth in (20, 56)]
    recorded = {f"{value:.0f}" for value in (
        *clean,
        fmean(errors("quick", 56, "none")), fmean(errors("quick", 20, "none")), *errors("depth", 110, "none"),
        *(error for depth in (56, 110) for error in errors("depth", depth, "A")),
        *(error for shortcut in ("none", "A") for error in errors("deep", 110, shortcut)),
        *(grown(kind)[step] for kind in ("grown", "from scratch") for step in (80, 128)),
        *(column("cut", 56, "A")[step] for step in (150, 300)), column("cut", 56, "A", fork=True)[300],
        column("cut", 56, "A", fork=True, name="error")[151], 100 * 9 / 10,
    )}  # fmt: skip
    for shown in TALK.scenes:
        said = re.findall(r"(\d+) %", " ".join((shown.title, *shown.lines, shown.notes)))
        assert {*said} <= recorded, shown.title
    told = re.search(r"Remind them: (\d+) against (\d+)", scene("With shortcuts").notes)
    assert told.groups() == tuple(f"{fmean(errors('quick', depth, 'none')):.0f}" for depth in (56, 20))


def test_the_output_of_the_grown_net_does_not_change():
    assert "does not change at all" in scene("The good deep net exists").notes
    assert lab_reference.read("constructed").metrics["inserted_output_change"] == 0


def test_without_shortcuts_neighbours_disagree_as_noise_does_and_with_them_less():
    metrics = lab_reference.read("shattering").metrics
    assert "noise" in scene("Why? The gradient").title
    assert abs(metrics["plain_bn_autocorrelation"]) < 0.1
    assert metrics["residual_bn_autocorrelation"] > 0.2


def test_what_110_layers_do_is_that_of_the_recorded_race():
    (line,) = [line for line in scene("What to take home").lines if "110 layers" in line]
    residual, plain = (fmean(errors("deep", 110, shortcut)) for shortcut in ("A", "none"))
    assert f"1,000 steps, one seed: {residual:.0f} % errors with shortcuts, {plain:.0f} % without." in line
    assert f"“{get_recording('deep').title}”" in scene("What to take home").source
    notes = scene("What to take home").notes.replace("\n", " ")
    deepest, deep = (fmean(errors("depth", depth, "A")) for depth in (110, 56))
    behind = f"it had {deepest:.0f} %, behind the {deep:.0f} % of 56 layers"
    assert f"After 400 steps, in the race of scene 4, {behind}" in notes
    assert "Beyond 20 layers" in TALK.scenes[3].title


@pytest.mark.parametrize("title", ["The good deep net", "Cut them half-way", "What to take home"])
def test_what_rests_on_one_seed_says_so_on_the_screen(title):
    assert any("one seed" in line.replace("*", "").lower() for line in scene(title).lines)
