"""The order of the points of a plane: coarse to fine, every point once, what is shown always a grid."""

from engine.labs.landscape import grid


def test_every_point_of_the_finest_grid_comes_once():
    points = [(row.row, column) for size in grid.SIZES for row in grid.rows(size) for column in row.columns]
    assert len(points) == len(set(points)) == 33 * 33


def test_each_size_completes_a_square_with_the_edges_and_the_middle():
    points = set()
    for size in grid.SIZES:
        assert len({row.row for row in grid.rows(size)}) == len(grid.rows(size)) == size
        points |= {(row.row, column) for row in grid.rows(size) for column in row.columns}
        lines = sorted({line for line, _ in points})
        assert len(lines) == size and points == {(a, b) for a in lines for b in lines}
        assert {grid.position(line, 0.5) for line in lines} >= {-0.5, 0.0, 0.5}


def test_the_middle_row_comes_first():
    assert [grid.position(row.row, 1) for row in grid.rows(5)] == [0, -0.5, 0.5, -1, 1]


def test_what_is_shown_is_a_grid_at_any_time():
    done, shown = {}, {}
    for size in grid.SIZES[:3]:
        for row in grid.rows(size):
            done[row] = [[float(column), 0.0] for column in row.columns]
            for line in grid.shown(row, done):
                shown[line] = [point[0] for point in grid.gathered(line, done).values()]
                assert list(map(float, grid.gathered(line, done))) == shown[line] == sorted(shown[line])
            assert len(set(map(tuple, shown.values()))) == 1, "all rows have the same columns"
        assert len(shown) == size and grid.complete(row, done)
    assert not grid.complete(grid.rows(33)[0], done)
