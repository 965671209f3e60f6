"""What the talk of the project says is what its recorded races and labs hold."""

from statistics import fmean

import pytest

from engine.exchange import lab_reference
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


def test_the_cut_net_falls_from_and_to_what_is_said():
    notes = scene("Cut them half-way").notes
    (whole,), (cut,) = errors("cut", 56, "A"), errors("cut", 56, "A", fork=True)
    assert f"From {whole:.0f} %" in notes.replace("\n", " ")
    assert f"{cut:.0f} %" in notes


@pytest.mark.parametrize(("kind", "words"), [("grown", "grown by layers that copy"), ("from scratch", "From scratch")])
def test_the_copying_start_and_the_random_one_end_where_is_said(kind, words):
    (line,) = scene("The good deep net exists").lines
    reference = lab_reference.read("constructed")
    (curve,) = [
        curve for curve in reference.curves
        if (curve.panel, curve.name.kind, curve.name.part) == ("training", kind, "")
    ]  # fmt: skip
    said = next(part for part in line.split(". ") if words in part)
    assert f"*{curve.y[-1]:.0f} %*" in said


def test_the_output_of_the_grown_net_does_not_change():
    assert "does not change at all" in scene("The good deep net exists").notes
    assert lab_reference.read("constructed").metrics["inserted_output_change"] == 0


def test_without_shortcuts_neighbours_disagree_as_noise_does_and_with_them_less():
    metrics = lab_reference.read("shattering").metrics
    assert "noise" in scene("Why? The gradient").title
    assert abs(metrics["plain_bn_autocorrelation"]) < 0.1
    assert metrics["residual_bn_autocorrelation"] > 0.2
