#!/usr/bin/python3
"""page.py RESULTS.json PAGE.html: the results as one page that needs nothing but itself."""

import html
import json
import os
import statistics
import sys

import chart

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNS = {">=": "≥", "<=": "≤"}


def ratio_of(row):
    """Of the medians; None without a yardstick."""
    if not row["measured"] or not row["yardstick"]:
        return None
    base = statistics.median(row["yardstick"])
    return statistics.median(row["measured"]) / base if base else None


def is_reached(row, reach):
    """None: there is nothing to compare."""
    if not row["measured"]:
        return None
    value = ratio_of(row) if reach["what"] == "ratio" else statistics.median(row["measured"])
    if value is None:
        return None
    return value >= reach["number"] if reach["comparison"] == ">=" else value <= reach["number"]


def outcome_of(row):
    """reached, not reached, or why there is no answer."""
    if row["state"] != "measured":
        return row["state"]
    answers = [is_reached(row, reach) for reach in row["reach"]]
    if None in answers:
        return "not measured"
    return "reached" if all(answers) else "not reached"


def badge(text):
    kind = {"reached": " yes", "not reached": " no", "failed": " no"}.get(text, "")
    return f'<span class="badge{kind}">{html.escape(text)}</span>'


def spread(values, unit):
    if not values:
        return "–"
    text = f"{chart.number(statistics.median(values))} {html.escape(unit)}".strip()
    if len(values) > 1:
        text += f' <span class="spread">{chart.number(min(values))} – {chart.number(max(values))}</span>'
    return text


def reach_text(row, reach):
    sign = SIGNS[reach["comparison"]]
    if reach["what"] == "ratio":
        return f'{sign} {chart.number(reach["number"])} × yardstick'
    return f'{sign} {chart.number(reach["number"])} {html.escape(row["unit"])}'.strip()


def row_html(row):
    yardstick = "–"
    if row["yardstick_what"]:
        yardstick = f'{spread(row["yardstick"], row["unit"])} <span class="quiet">{html.escape(row["yardstick_what"])}</span>'
    ratio = ratio_of(row)
    several = len(row["reach"]) > 1 and row["state"] == "measured"
    outcomes = []
    for reach in row["reach"] if several else ():
        reached = is_reached(row, reach)
        outcomes.append(badge("not measured" if reached is None else "reached" if reached else "not reached"))
    outcomes = outcomes or [badge(outcome_of(row))]
    why = f' <span class="quiet">{html.escape(row["why"])}</span>' if row["why"] else ""
    cells = (
        ("measured", spread(row["measured"], row["unit"])),
        ("yardstick", yardstick),
        ("ratio", "–" if ratio is None else f"{chart.number(ratio)}\u00a0×"),
        ("to reach", "".join(f'<span class="reach">{reach_text(row, reach)}</span>' for reach in row["reach"])),
        ("reached", "".join(f'<span class="reach">{one}</span>' for one in outcomes) + why),
    )
    body = "".join(f'<td data-label="{label}"><div>{text}</div></td>' for label, text in cells)
    return f'<tr><th scope="row">{html.escape(row["title"])}</th>{body}</tr>'


def group_html(group):
    heads = "".join(f'<th scope="col">{name}</th>'
                    for name in ("scenario", "measured, median", "yardstick, median", "ratio", "to reach", "reached"))
    rows = "".join(row_html(row) for row in group["rows"])
    return (f'<section><h2>{html.escape(group["title"])}</h2>'
            f'<table class="rows"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>')


def tally_html(results):
    outcomes = [outcome_of(row) for group in results["groups"] for row in group["rows"]]
    order = ("reached", "not reached", "failed", "not measured", "not in this build")
    items = "".join(f"<li>{badge(name).replace('>' + name, f'>{outcomes.count(name)} {name}')}</li>"
                    for name in order if name in outcomes)
    return f'<ul class="tally">{items}</ul>'


def page(results):
    """The whole page for a results.json of version 1."""
    if results.get("version") != 1:
        raise ValueError(f"results of version {results.get('version')}; this makes pages of version 1")
    with open(os.path.join(HERE, "page.css")) as file:
        style = file.read()
    facts = "".join(f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(str(text))}</dd></div>"
                    for name, text in results["machine"].items())
    how = f"{results['repetitions']} repetitions, in turns with the yardstick"
    if results["quick"]:
        how += "; quick: smaller, so read the shape and not the numbers"
    charts = "".join(chart.figure(sweep) for sweep in results["sweeps"])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>Tidemark: benchmarks</title><style>\n{style}</style></head><body>"
        f"<header><h1>Tidemark: benchmarks</h1>"
        '<p class="quiet">Medians, with the lowest and the highest below. Machines are noisy: a ratio to a yardstick '
        f"that ran at the same time says more than a number. {html.escape(how)}.</p>"
        f'{tally_html(results)}<dl class="facts">{facts}</dl></header><main>'
        + "".join(group_html(group) for group in results["groups"])
        + (f'<section><h2>How it scales</h2><div class="charts">{charts}</div></section>' if charts else "")
        + "</main></body></html>\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1]) as file:
        text = page(json.load(file))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
