import math

import numpy as np
import pytest

from teacherstudent.experiments.claims import Claim, read_claims, write_claims


def claim(**changes):
    given = {"figure": "lee", "statement": "Forgetting is worst, at most, in the middle.", "value": 0.4}
    return Claim(**given | changes)


@pytest.mark.parametrize(
    ("value", "holds"),
    [(0.3, True), (0.5, True), (0.4, True), (0.29, False), (0.51, False), (math.nan, False)],
)
def test_a_claim_holds_inside_its_range(value, holds):
    assert claim(value=value, low=0.3, high=0.5).holds is holds


def test_numpy_values_give_plain_verdicts():
    assert claim(value=np.float64(0.4), low=np.float64(0.3)).holds is True


@pytest.mark.parametrize(("value", "holds"), [(0.0, False), (1e9, True)])
def test_a_range_may_be_open(value, holds):
    assert claim(value=value, low=1.0).holds is holds


def test_claims_survive_the_file(tmp_path):
    claims = [
        claim(low=0.1, high=1 / 3, source='table 1, "a"', certainty="recomputed", uncertainty=1e-3),
        claim(value=math.inf),
        claim(value=np.float64(0.1) * 3),
    ]
    write_claims(tmp_path / "claims.csv", claims)
    assert read_claims(tmp_path / "claims.csv") == claims


def test_the_file_tells_the_verdict(tmp_path):
    write_claims(tmp_path / "claims.csv", [claim(), claim(high=0.0)])
    header, *rows = (tmp_path / "claims.csv").read_text(encoding="utf-8").splitlines()
    assert header == "figure,statement,value,low,high,source,certainty,uncertainty,holds"
    assert [row.rsplit(",", 1)[1] for row in rows] == ["yes", "no"]


def test_a_table_without_claims_is_possible(tmp_path):
    write_claims(tmp_path / "claims.csv", [])
    assert read_claims(tmp_path / "claims.csv") == []


@pytest.mark.parametrize(
    ("changes", "words"), [({"certainty": "sure"}, "certainty"), ({"low": 1.0, "high": 0.0}, "empty")]
)
def test_nonsense_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        claim(**changes)
