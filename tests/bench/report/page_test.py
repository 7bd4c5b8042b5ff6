#!/usr/bin/python3
"""The page made of canned results is well-formed, needs nothing but itself and says what the results say; and the table
of scenarios hangs together."""

import copy
import json
import os
import re
import unittest
import xml.etree.ElementTree

import chart
import measure
import page
import scenarios
import sources

HERE = os.path.dirname(os.path.abspath(__file__))


def sample():
    with open(os.path.join(HERE, "sample.json")) as file:
        return json.load(file)


class Page(unittest.TestCase):
    def setUp(self):
        self.text = page.page(sample())
        self.root = xml.etree.ElementTree.fromstring(self.text.removeprefix("<!DOCTYPE html>\n"))

    def words(self, element):
        return re.sub("[ \n]+", " ", "".join(element.itertext())).strip()  # thin spaces stay

    def rows(self):
        return {self.words(row.find("th")): row for row in self.root.iter("tr") if row.find("td[@data-label]") is not None}

    def cell(self, title, label):
        return self.words(self.rows()[title].find(f"td[@data-label='{label}']"))

    def test_needs_nothing_but_itself(self):
        for element in self.root.iter():
            self.assertNotIn(element.tag, ("script", "link", "img", "iframe", "object"))
            for name in element.attrib:
                self.assertNotIn(name.split("}")[-1], ("src", "href", "srcset", "data"))
        self.assertIsNone(re.search(r"url\(|@import|https?:", self.text))

    def test_says_what_was_reached(self):
        self.assertEqual(self.cell("a ratio that is reached", "measured"), "1\u2009000 entries/s 900 – 5\u2009000")
        self.assertEqual(self.cell("a ratio that is reached", "ratio"), "50\u00a0×")
        self.assertEqual(self.cell("a ratio that is reached", "reached"), "reached")
        self.assertEqual(self.cell("one of two is not", "to reach"), "≤ 100 MiB≤ 2 × yardstick")
        self.assertEqual(self.cell("one of two is not", "reached"), "not reachedreached")
        self.assertEqual(self.cell("zero is a figure", "measured"), "0")
        self.assertEqual(self.cell("zero is a figure", "reached"), "reached")
        tally = [self.words(item) for item in self.root.find(".//ul[@class='tally']")]
        self.assertEqual(tally, ["2 reached", "1 not reached", "1 failed", "1 not in this build"])

    def test_says_why_there_is_no_figure(self):
        self.assertEqual(self.cell("an option nobody knows", "reached"), "not in this build unknown option 'x'")
        self.assertEqual(self.cell("an option nobody knows", "measured"), "–")
        self.assertEqual(self.cell("broken half-way", "reached"), "failed killed <9>")
        self.assertIn("No figures: not in this build", self.words(self.root))

    def test_draws_every_point_inside_its_picture(self):
        charts = [one for one in self.root.iter("svg") if one.get("class") == "chart"]
        self.assertEqual(len(charts), 2)
        for one in charts:
            self.assertEqual(one.get("viewBox"), f"0 0 {chart.WIDTH} {chart.HEIGHT}")
            for circle in one.iter("circle"):
                self.assertTrue(chart.LEFT < float(circle.get("cx")) < chart.WIDTH)
                self.assertTrue(chart.TOP <= float(circle.get("cy")) <= chart.HEIGHT - chart.BOTTOM)
        self.assertEqual([len(list(one.iter("circle"))) for one in charts], [2, 1])

    def test_refuses_results_it_does_not_know(self):
        other = copy.deepcopy(sample())
        other["version"] = 2
        with self.assertRaisesRegex(ValueError, "version 2"):
            page.page(other)


class Numbers(unittest.TestCase):
    def test_three_digits(self):
        for value, text in ((0, "0"), (0.01234, "0.0123"), (1.5, "1.5"), (99.96, "100"), (123456, "123\u2009456")):
            self.assertEqual(chart.number(value), text)

    def test_ticks_enclose_what_there_is(self):
        for low, high in ((24, 25), (24, 26000), (0.5, 90), (1, 1)):
            ticks = chart.log_ticks(low, high)
            self.assertTrue(ticks[0] <= low and high <= ticks[-1] and len(ticks) > 1, ticks)
        for high in (0, 1, 7, 99, 1000):
            ticks = chart.linear_ticks(high)
            self.assertTrue(ticks[0] == 0 and high <= ticks[-1] and len(ticks) <= 8, ticks)


class Source:
    """Answers with numbers of its own, or with an error."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def measure(self, _):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"figure": answer}


class Scenarios(unittest.TestCase):
    def test_every_row_has_its_run_and_every_run_a_row(self):
        rows = [row for group in scenarios.GROUPS for row in group.rows]
        self.assertEqual({row.run for row in rows}, set(scenarios.RUNS))
        for row in rows:
            self.assertTrue(row.reach, row.title)
            for what, comparison, _ in row.reach:
                self.assertIn(comparison, page.SIGNS)
                self.assertTrue(what == "value" or row.yardstick_figure, f"{row.title}: a ratio to what?")
            self.assertEqual(bool(row.yardstick), bool(row.yardstick_figure), row.title)

    def test_sweeps_can_be_made(self):
        for sweep in scenarios.SWEEPS:
            for make in sweep.series.values():
                for x in sweep.xs:
                    self.assertGreater(make(x).entries, 0)

    def test_a_run_takes_turns_with_its_yardstick(self):
        run = scenarios.Run(Source(1, 2), Source(10, 20))
        result = measure.measure_run(None, run, quick=True)
        self.assertEqual([one["figure"] for one in result["measured"]], [1, 2])
        self.assertEqual([one["figure"] for one in result["yardstick"]], [10, 20])
        self.assertEqual(result["state"], "measured")

    def test_what_a_build_cannot_do_is_no_crash(self):
        for error, state in ((sources.NotInBuild("no x"), "not in this build"), (sources.Failed("boom"), "failed")):
            result = measure.measure_run(None, scenarios.Run(Source(error)), quick=True)
            self.assertEqual((result["state"], result["why"]), (state, str(error)))


if __name__ == "__main__":
    unittest.main()
