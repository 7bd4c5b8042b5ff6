#!/usr/bin/python3
"""coverage_report.py INFO UNCOVERED: the share of lines that ran, by room, out of lcov's file; which did not, by file,
goes to UNCOVERED. Ends with 1 if common, plugin or sinks has less than LEAST_PERCENT."""
import collections
import pathlib
import sys

LEAST_PERCENT = 90
SOURCE = pathlib.Path(__file__).resolve().parent.parent


def read(info):
    """The counts of each file's lines."""
    files = collections.defaultdict(dict)
    for line in info.read_text().splitlines():
        kind, _, value = line.partition(":")
        if kind == "SF":
            counts = files[pathlib.Path(value).relative_to(SOURCE)]
        elif kind == "DA":
            number, count = value.split(",")[:2]
            counts[int(number)] = int(count)
    return files


def pieces(numbers, counts):
    """12-15, 20: lines without code between two that did not run are not a border."""
    runs = []
    for number in numbers:
        if runs and not any(counts.get(between) for between in range(runs[-1][1], number)):
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def main():
    info, uncovered = (pathlib.Path(argument) for argument in sys.argv[1:3])
    total, missed = collections.Counter(), collections.Counter()
    lines = []
    for path, counts in read(info).items():
        missing = sorted(number for number, count in counts.items() if count == 0)
        for room in {path.parts[0], path.parent.as_posix()}:
            total[room] += len(counts)
            missed[room] += len(missing)
        if missing:
            lines.append((len(missing), f"{path}: {len(missing)} of {len(counts)}: {pieces(missing, counts)}"))
    uncovered.write_text("".join(text + "\n" for _, text in sorted(lines, key=lambda line: (-line[0], line[1]))))
    percent = {room: 100 * (total[room] - missed[room]) / total[room] for room in total}
    for room in sorted(total):
        print(f"{room:20} {total[room]:6} lines {missed[room]:5} not run {percent[room]:6.1f} %")
    print(f"which: {uncovered}")
    return 1 if any(percent.get(top, 0) < LEAST_PERCENT for top in ("common", "plugin", "sinks")) else 0


sys.exit(main())
