"""Line charts as inline SVG: medians as a line, minimum to maximum as a bar, a table of the numbers beside it."""

import html
import math
import statistics

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 44
SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def number(value):
    """Three digits that count; thousands by a thin space."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u2009")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def size(value):
    for unit, name in SIZES:
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g} B"


def log_ticks(low, high):
    """Powers of ten that enclose what there is, with 2 and 5 where they are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(powers) <= 2 else (1,)
    ticks = [step * 10.0 ** power for power in powers for step in steps]
    first = max((tick for tick in ticks if tick <= low), default=ticks[0])
    last = min((tick for tick in ticks if tick >= high), default=ticks[-1])
    kept = [tick for tick in ticks if first <= tick <= last]
    return kept if len(kept) > 1 else [kept[0], kept[0] * 10]


def linear_ticks(high):
    """From 0, in steps of 1, 2 or 5, four to seven of them."""
    if high <= 0:
        return [0, 1]
    raw = high / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw)
    return [step * i for i in range(math.ceil(high / step) + 1)]


class Axes:
    """Where a point lies. x is always logarithmic: every sweep multiplies its step."""

    def __init__(self, sweep):
        points = [point for series in sweep["series"] for point in series["points"]]
        values = [value for point in points for value in point["values"]]
        self.xs = sorted({point["x"] for point in points})
        self.y_log = sweep["y_log"] and min(values) > 0
        self.ticks = log_ticks(min(values), max(values)) if self.y_log else linear_ticks(max(values))

    def x(self, value):
        low, high = math.log(self.xs[0]), math.log(self.xs[-1])
        share = (math.log(value) - low) / (high - low) if high > low else 0.5
        return LEFT + 10 + share * (WIDTH - LEFT - RIGHT - 30)

    def y(self, value):
        scale = math.log if self.y_log else float
        low, high = scale(self.ticks[0]), scale(self.ticks[-1])
        return HEIGHT - BOTTOM - (scale(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def marker(index, x, y):
    """A shape of its own for each series, so that nobody needs the colour."""
    if index % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if index % 3 == 1:
        return f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2"/>'
    return f'<path d="M{x:.1f} {y - 4.8:.1f} l4.8 8.6 h-9.6 z"/>'


def grid(sweep, axes):
    parts = []
    right = WIDTH - RIGHT
    for tick in axes.ticks:
        y = axes.y(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    shown = axes.xs if len(axes.xs) <= 6 else axes.xs[::2]
    for value in shown:
        text = size(value) if sweep["x_unit"] == "bytes" else short(value)
        parts.append(f'<text x="{axes.x(value):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{text}</text>')
    middle = (LEFT + right) / 2
    parts.append(f'<text class="label" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">'
                 f'{html.escape(sweep["x_label"])}</text>')
    turned = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="label" transform="translate(12 {turned}) rotate(-90)" text-anchor="middle">'
                 f'{html.escape(sweep["y_label"])}</text>')
    return parts


def line(index, series, sweep, axes):
    parts = [f'<g class="s{index % 4}">']
    middle = [(axes.x(point["x"]), axes.y(statistics.median(point["values"]))) for point in series["points"]]
    parts.append('<polyline points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in middle) + '"/>')
    for (x, y), point in zip(middle, series["points"]):
        low, high = min(point["values"]), max(point["values"])
        title = (f'{series["name"]}, {short(point["x"])}: {number(statistics.median(point["values"]))} '
                 f'{sweep["y_label"]} ({number(low)} to {number(high)})')
        parts.append(f'<g><title>{html.escape(title)}</title>'
                     f'<line class="spread" x1="{x:.1f}" x2="{x:.1f}" y1="{axes.y(low):.1f}" y2="{axes.y(high):.1f}"/>'
                     f'{marker(index, x, y)}</g>')
    parts.append("</g>")
    return parts


def legend(series):
    keys = []
    for index, one in enumerate(series):
        note = "" if one["points"] else f' <span class="quiet">({html.escape(one["why"] or "not measured")})</span>'
        keys.append(f'<li><svg class="key s{index % 4}" viewBox="0 0 26 12" aria-hidden="true">'
                    f'<polyline points="0,6 26,6"/>{marker(index, 13, 6)}</svg>{html.escape(one["name"])}{note}</li>')
    return '<ul class="legend">' + "".join(keys) + "</ul>"


def table(sweep):
    """The same numbers for those who want them, or cannot see the lines."""
    xs = sorted({point["x"] for series in sweep["series"] for point in series["points"]})
    head = "".join(f'<th scope="col">{html.escape(series["name"])}</th>' for series in sweep["series"])
    rows = []
    for x in xs:
        cells = []
        for series in sweep["series"]:
            values = next((point["values"] for point in series["points"] if point["x"] == x), None)
            cells.append("<td>" + (number(statistics.median(values)) if values else "\u2013") + "</td>")
        label = size(x) if sweep["x_unit"] == "bytes" else short(x)
        rows.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    return (f'<details><summary>Numbers</summary><table class="numbers"><thead><tr><th scope="col">'
            f'{html.escape(sweep["x_label"])}</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></details>')


def figure(sweep):
    """A <figure> for one sweep of results.json."""
    caption = f'<figcaption><h3>{html.escape(sweep["title"])}</h3><p>{html.escape(sweep["about"])}</p></figcaption>'
    if not any(series["points"] for series in sweep["series"]):
        why = "; ".join(sorted({series["why"] for series in sweep["series"] if series["why"]})) or "not measured"
        return f'<figure>{caption}<p class="quiet">No figures: {html.escape(why)}</p></figure>'
    axes = Axes(sweep)
    parts = grid(sweep, axes)
    for index, series in enumerate(sweep["series"]):
        if series["points"]:
            parts += line(index, series, sweep, axes)
    svg = (f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(sweep["title"])}">'
           + "".join(parts) + "</svg>")
    return f'<figure>{caption}{legend(sweep["series"])}{svg}{table(sweep)}</figure>'
