"""Times what users would pick instead of Bellwether, beside Bellwether, on the same input in one run.

Started by `run`, which makes the Python environment and builds Bellwether. Exits with 1 where a result disagrees.
"""

import argparse
import os
import sys

import report


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers/run", description=__doc__)
    parser.add_argument(
        "--panel", default=os.path.join(report.ROOT, "data", "sample"), help="folder of CSV files [data/sample]"
    )
    parser.add_argument("--only", choices=["bootstrap", "growth"])
    parser.add_argument("--quick", action="store_true", help="fewer runs, smaller parts: for trying the script out")
    parser.add_argument("-B", "--samples", type=int, default=1000)
    parser.add_argument("--confidence", type=float, default=0.99)
    parser.add_argument("--rounds", type=int, help="runs of each contestant [9, or 3 with --quick]")
    parser.add_argument("--self-test", action="store_true", help="check that wrong results are found, time nothing")
    parser.add_argument("-o", "--output", help="Markdown file [standard output]")
    settings = parser.parse_args()
    if not 0 < settings.confidence < 1:
        parser.error("--confidence lies between 0 and 1")
    settings.level = round((1.0 - settings.confidence) / 2.0, 12)
    settings.rounds = settings.rounds or (3 if settings.quick else 9)
    # Seconds that one contestant may take: the slow ones get fewer runs.
    settings.budget = 4.0 if settings.quick else 25.0
    settings.references = 19 if settings.quick and not settings.self_test else 39
    return settings


def main():
    settings = arguments()
    lines = ["# Bellwether and its peers", "", *report.provenance(), ""]
    lines += [
        (
            "Times include neither Python's imports nor Numba's compilation. Contestants take turns, one run each a round, "
            "after a round that does not count. Where a part was timed, its time is scaled linearly to the whole. "
            "Ratios are from minima (in parentheses: from medians); above 1, Bellwether is faster."
        ),
        "",
    ]
    good = True
    if settings.only != "growth":
        import bootstrap

        panel = bootstrap.load(settings.panel)
        lines += ["## Bootstrap", ""]
        if settings.self_test:
            more, good = bootstrap.self_test(panel, settings)
            lines += more
        else:
            lines += bootstrap.compete(panel, settings)
            more, good = bootstrap.agree(panel, settings)
            lines += ["", "### Agreement", "", *more]
        lines.append("")
    if settings.only != "bootstrap":
        import growth

        lines += ["## Growth model", ""]
        more, agrees = growth.self_test() if settings.self_test else growth.compete(settings)
        lines += more
        good &= agrees
    text = "\n".join(lines).rstrip() + "\n"
    if settings.output:
        # Whole or not at all.
        with open(settings.output + ".part", "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(settings.output + ".part", settings.output)
    else:
        sys.stdout.write(text)
    if not good:
        print(
            "some results DIFFER, see the report" if not settings.self_test else "the self-test FAILED", file=sys.stderr
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
