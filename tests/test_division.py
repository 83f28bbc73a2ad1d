import itertools
import random

import pytest

from teacherstudent.experiments.division import divided

VALUES = {
    "steps": [i / 10 for i in range(11)],
    "negative": [-2.0, -1.5, -0.3, 0.0, 0.7, 3.0],
    "whole": list(range(1, 30)),
    "spread": [10.0**-i for i in range(12, 0, -1)],
    "equal up to a digit": [1.0, 1.000000001, 1.000000002],
    "words": ["small", "large", "informed", "denoising"],
    "switches": [False, True],
}


def number_of_points(axes):
    count = 1
    for values in axes.values():
        count *= len(values)
    return count


def points(axes):
    return list(itertools.product(*axes.values()))


@pytest.mark.parametrize("limit", [0.5, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_parts_are_the_grid_in_its_order(values, limit):
    for axes in ({"a": values}, {"a": values, "b": [1, 2, 3]}, {"b": [1], "a": values, "c": [0.1, 0.2]}):
        parts = divided(axes, number_of_points, limit)
        assert [point for part in parts for point in points(part)] == points(axes)
        assert all(number_of_points(part) in range(1, max(int(limit), 1) + 1) for part in parts)


@pytest.mark.parametrize("limit", [1, 2.5, 4, 30])
def test_no_two_neighbours_could_be_one(limit):
    for values in VALUES.values():
        parts = divided({"a": values}, number_of_points, limit)
        for one, other in itertools.pairwise(parts):
            assert number_of_points(one) + number_of_points(other) > limit


def test_short_rows_go_together_and_long_ones_are_cut():
    axes = {"a": [1, 2, 3], "b": [1, 2, 3, 4]}
    assert divided(axes, number_of_points, 8) == [
        {"a": [1], "b": [1, 2, 3, 4]},
        {"a": [2, 3], "b": [1, 2, 3, 4]},
    ]
    assert [part["b"] for part in divided(axes, number_of_points, 3)] == 3 * [[1, 2, 3], [4]]


def test_a_grid_without_axes_is_one_part():
    assert divided({}, number_of_points, 0.5) == [{}]


def test_a_new_value_changes_few_parts():
    rng = random.Random(0)
    changed = []
    for _ in range(200):
        values = sorted({round(rng.uniform(-1.0, 1.0), 3) for _ in range(60)})
        more = sorted({*values, round(rng.uniform(-1.2, 1.2), 4)})
        before, after = (
            [tuple(part["a"]) for part in divided({"a": axis}, number_of_points, 5)]
            for axis in (values, more)
        )
        changed.append(len(set(after) - set(before)))
    assert sum(changed) / len(changed) < 2.0
    assert max(changed) < 6


def test_a_new_word_changes_the_last_part():
    words = [f"word{i}" for i in range(9)]
    few, more = (divided({"a": axis}, number_of_points, 4) for axis in (words, [*words, "new"]))
    assert few[:2] == more[:2] == [{"a": words[:4]}, {"a": words[4:8]}]


def test_costs_need_not_be_equal():
    cost = {1: 5.0, 2: 0.5, 3: 0.5, 4: 9.0, 5: 1.0}
    parts = divided({"a": list(cost)}, lambda axes: sum(cost[value] for value in axes["a"]), 2.0)
    assert [part["a"] for part in parts] == [[1], [2, 3], [4], [5]]
