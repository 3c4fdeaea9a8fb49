"""Kills the program at random moments while it computes and writes, and looks at what it leaves behind.

Usage: python tests/fuzz/kills.py --kills 200 --seed 1 --program target/release/bellwether [--keep DIR]

Before each run the output is there already, with old contents (or, for a new folder of `simulate`, is not
there). After a SIGINT, SIGTERM or SIGKILL it must be as it was, or be what an undisturbed run writes, byte
for byte. Nothing else may be left after SIGINT and SIGTERM; what SIGKILL leaves is hidden, and counted. A
folder of many files that are replaced (`simulate --force`) is half old and half new only after SIGKILL.

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


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default="target/release/bellwether")
    parser.add_argument("--kills", type=int, default=200)
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

    print(f"{'command':18} {'signal':8}" + "".join(f"{column:>15}" for column in COLUMNS))
    for command in todo:
        for name in SIGNALS:
            row = table[command.name, name]
            print(f"{command.name:18} {name:8}" + "".join(f"{row[column]:15}" for column in COLUMNS))
    for problem in problems[:20]:
        print(problem)
    print(f"{arguments.kills} kills, seed {arguments.seed}: {len(problems)} findings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
