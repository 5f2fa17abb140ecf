"""Heat maps show every error, in percent."""

from __future__ import annotations

import numpy as np

from ohmnia.experiments._programmed_figures import maps


def test_a_panel_for_each_rule_with_a_number_in_each_field() -> None:
    errors = {"SGD": np.array([[0.25, 0.5]]), "TTv2": np.array([[0.05, 0.0123]]), "AGAD": np.array([[0.04, 0.04]])}
    panels = [axes for axes in maps(errors, [20.0], [0.0, 0.1]).axes if axes.get_title("left") in errors]
    assert [axes.get_title("left") for axes in panels] == list(errors)
    assert [text.get_text() for text in panels[0].texts] == ["25", "50"]
    assert [text.get_text() for text in panels[1].texts] == ["5.0", "1.2"]
    np.testing.assert_allclose(panels[1].collections[0].get_array().ravel(), [5.0, 1.23])
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["20"]
