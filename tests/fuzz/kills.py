"""Kills the program at random moments while it computes and writes, and looks at what it leaves behind.

Usage: python tests/fuzz/kills.py --kills 200 --seed 1 --program target/release/bellwether [--keep DIR]

Before each run the output is there already, with old contents (or, for a new folder of `simulate`, is not
there). After a SIGINT, SIGTERM or SIGKILL it must be as it was, or be what an undisturbed run writes, byte
for byte: so a part of a run that is interrupted and run again is the same part. Nothing else may be left after SIGINT and SIGTERM; what SIGKILL leaves is hidden, and counted. A
folder of many files that are replaced (`simulate --force`) is half old and half new only after SIGKILL.

Then parts of a run are killed, each at a random moment, by SIGTERM or SIGKILL, and run again until they end:
merged they must be the run that was not cut, byte for byte.

Half of the kills fall into the last part of a run, when files are written. Prints a table; exits with 1 where
there is a finding. POSIX systems only. `--keep DIR` saves what the first findings left.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SIGNALS = ["SIGINT", "SIGTERM", "SIGKILL"]
COLUMNS = ["kills", "ended before", "old", "new", "old and new", "partial", "temporary left", "findings"]
OLD = b"what was here before\n"
KEPT = 5


class Command:
    """A command, the files that it writes (in the folder of a run), and what is there before it."""

    def __init__(self, name, arguments, before):
        self.name = name
        self.arguments = arguments
        self.before = before
        self.after = None
        self.seconds = 0.0


def commands(panel):
    """The commands, with outputs large enough that a good part of the time goes into writing them."""
    bootstrap = ["bootstrap", panel, "-B", "400", "--device", "cpu"]
    simulate = ["simulate", "--stocks", "30", "--days", "120", "-o", "folder"]
    old_folder = {f"folder/S{number:04}.csv": OLD for number in range(1, 31)}
    return [
        Command("bootstrap -o", [*bootstrap, "-o", "out.csv"], {"out.csv": OLD}),
        Command(
            "bootstrap --plot",
            [*bootstrap, "-o", "out.csv", "--plot", "out.svg"],
            {"out.csv": OLD, "out.svg": OLD},
        ),
        Command(
            "growth -o", ["growth", "--grid", "100000", "--device", "cpu", "-o", "out.csv"], {"out.csv": OLD}
        ),
        Command(
            "bootstrap --part", [*bootstrap, "--part", "2/3", "-o", "2.part"], {"2.part": OLD}
        ),
        Command("simulate", simulate, {}),
        Command("simulate --force", [*simulate, "--force"], old_folder),
    ]


def contents(folder):
    """The files below a folder, with `/` between the parts of their paths."""
    found = {}
    for path, _, files in os.walk(folder):
        for name in files:
            with open(os.path.join(path, name), "rb") as file:
                found[os.path.relpath(os.path.join(path, name), folder)] = file.read()
    return found


def prepare(folder, command):
    for name, content in command.before.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def measure(program, command):
    """Undisturbed runs: what they write, and how long they take."""
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory(prefix="bellwether-kills-") as folder:
            prepare(folder, command)
            started = time.monotonic()
            subprocess.run([program, *command.arguments], cwd=folder, check=True, capture_output=True)
            times.append(time.monotonic() - started)
            after = contents(folder)
        if command.after not in (None, after):
            sys.exit(f"{command.name}: two runs write different files")
        command.after = after
    command.seconds = sorted(times)[1]


def kill(program, command, name, delay, folder):
    """One run and its end: what happened, and what is wrong with it."""
    prepare(folder, command)
    process = subprocess.Popen(
        [program, *command.arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    time.sleep(delay)
    ended = process.poll() is not None
    if not ended:
        process.send_signal(getattr(signal, name))
    try:
        _, errors = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"findings"}, [f"does not end within 30 s after {name}"]
    events, problems = {"ended before"} if ended else set(), []
    number = getattr(signal, name)
    # Killed by it, or ended because of it with the exit code that shells give; or it was done already.
    if process.returncode not in {0} | (set() if ended else {-number, 128 + number}):
        problems.append(f"exit code {process.returncode}")
    if b"panic" in errors or b"please report" in errors:
        problems.append(f"a panic: {errors.decode(errors='replace')}")

    left = contents(folder)
    folders = {
        os.path.relpath(os.path.join(path, name), folder)
        for path, names, _ in os.walk(folder)
        for name in names
    }
    expected = set(command.before) | set(command.after)
    expected_folders = {os.path.dirname(path) for path in expected} - {""}
    temporary = {path for path in left if path not in expected} | (folders - expected_folders)
    if temporary:
        events.add("temporary left")
        visible = {path for path in temporary if not any(part.startswith(".") for part in path.split(os.sep))}
        if name != "SIGKILL" or visible or process.returncode == 0:
            problems.append(f"left behind: {sorted(temporary)[:4]}")
    present = {path: content for path, content in left.items() if path in expected}
    states = set()
    for path in expected:
        content = present.get(path)
        if content == command.after[path]:
            states.add("new")
        elif content == command.before.get(path):
            states.add("old")
        else:
            states.add("partial")
    if not command.before and states != {"new"} and (present or expected_folders & folders):
        # A new folder with some of its files, or none.
        states = {"partial"}
    if "partial" in states:
        events.add("partial")
        problems.append("a partial file or folder")
    elif len(states) == 2:
        events.add("old and new")
        # Files of their own, each whole: two outputs may be half done. A panel may not.
        if "simulate" in command.name and name != "SIGKILL":
            problems.append("a folder of old and new files")
    else:
        events |= states
    if process.returncode == 0 and states != {"new"}:
        problems.append(f"exit code 0, but {sorted(states)} files")
    return events | ({"findings"} if problems else set()), problems


def killed_parts(program, panel, kills, chance):
    """Kills parts of a run until so many kills fell into their work, runs each again until it ends, and merges.
    Returns how many kills there were, and what is wrong."""
    of, options = 5, ["bootstrap", panel, "-B", "400", "--device", "cpu", "-q"]
    problems, done = [], 0
    with tempfile.TemporaryDirectory(prefix="bellwether-kills-") as folder:

        def run(*arguments):
            return subprocess.run([program, *arguments], cwd=folder, capture_output=True)

        started = time.monotonic()
        for name in ("direct.csv", "direct.json"):
            run(*options, "-o", name).check_returncode()
        seconds = (time.monotonic() - started) / 2
        while done < kills and not problems:
            names = [f"{number}.part" for number in range(1, of + 1)]
            for number, name in enumerate(names, 1):
                arguments = [program, *options, "--part", f"{number}/{of}", "-o", name]
                while True:
                    process = subprocess.Popen(
                        arguments, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    )
                    if done < kills and chance.random() < 0.8:
                        time.sleep(chance.uniform(0, 1.2 * seconds))
                        if process.poll() is None:
                            wanted = chance.choice(["SIGTERM", "SIGKILL"])
                            process.send_signal(getattr(signal, wanted))
                            done += 1
                            code = process.wait()
                            if code not in (0, 143, -signal.SIGTERM, -signal.SIGKILL):
                                problems.append(f"part {number}: exit code {code} after {wanted}")
                            if code != 0 and os.path.exists(os.path.join(folder, name)):
                                # Only a part that was whole when the signal came may be there.
                                if run("merge", name).stderr.find(b"parts are missing") < 0:
                                    problems.append(f"part {number}: a broken file after {wanted}")
                            continue
                    if process.wait() != 0:
                        problems.append(f"part {number}: exit code {process.returncode} undisturbed")
                    break
            chance.shuffle(names)
            for ending in ("csv", "json"):
                merged = run("merge", *names, "-q", "-o", f"merged.{ending}")
                found = contents(folder)
                if merged.returncode != 0 or found[f"merged.{ending}"] != found[f"direct.{ending}"]:
                    problems.append(f"merged.{ending} is not direct.{ending}: {merged.stderr.decode()}")
            for name in names:
                os.remove(os.path.join(folder, name))
    return done, problems


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default="target/release/bellwether")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--part-kills", type=int, default=50, help="kills of parts that are merged")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="DIR", help="folder for what findings left behind")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    chance = random.Random(arguments.seed)
    table, problems = collections.defaultdict(collections.Counter), []
    with tempfile.TemporaryDirectory(prefix="bellwether-kills-") as panel:
        made = [
            "simulate",
            "--stocks",
            "60",
            "--days",
            "120",
            "--per-day",
            "20",
            "-q",
            "-o",
            os.path.join(panel, "panel"),
        ]
        subprocess.run([program, *made], check=True)
        todo = commands(os.path.join(panel, "panel"))
        for command in todo:
            measure(program, command)
        for number in range(arguments.kills):
            command, name = todo[number % len(todo)], SIGNALS[number // len(todo) % len(SIGNALS)]
            share = chance.uniform(0, 1.1) if chance.random() < 0.5 else chance.uniform(0.6, 1.1)
            with tempfile.TemporaryDirectory(prefix="bellwether-kills-") as folder:
                events, found = kill(program, command, name, share * command.seconds, folder)
                table[command.name, name].update(events | {"kills"})
                problems += [
                    f"{command.name}, {name} after {share:.2f} of its time: {what}" for what in found
                ]
                if found and arguments.keep and len(problems) <= KEPT:
                    target = os.path.join(arguments.keep, f"kill-{arguments.seed}-{number}")
                    shutil.copytree(folder, target, dirs_exist_ok=True)

        killed, found = killed_parts(program, os.path.join(panel, "panel"), arguments.part_kills, chance)
        problems += found

    print(f"{'command':18} {'signal':8}" + "".join(f"{column:>15}" for column in COLUMNS))
    for command in todo:
        for name in SIGNALS:
            row = table[command.name, name]
            print(f"{command.name:18} {name:8}" + "".join(f"{row[column]:15}" for column in COLUMNS))
    for problem in problems[:20]:
        print(problem)
    print(f"{killed} kills of parts, run again and merged")
    print(f"{arguments.kills} kills, seed {arguments.seed}: {len(problems)} findings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
