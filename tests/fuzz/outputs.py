"""Where results go: files that are inputs or outputs already, pipes, links, devices, names that are too long.

Usage: python tests/fuzz/outputs.py --program target/release/bellwether

Each case runs the program in a folder of its own that holds a small panel, and says what must come of it: the
exit code, what is in the folder afterwards, and that a refusal is one message. Prints the cases that fail;
exits with 1 where there is one. POSIX systems only.
"""

import argparse
import os
import subprocess
import sys
import tempfile

PANEL = b"20070103,935,12.34\n20070103,936,12.4\n20070103,937,12.3\n"
RUN = "bootstrap panel -B 20 --device cpu -q"
HISTOGRAM = "--histogram A,2007-01-03 --histogram-plot"
OLD = b"old\n"

# What it is, the arguments (a shell's line, `$B` for the program), the exit codes allowed, and a check of the
# folder.
CASES = []


def case(name, line, *codes):
    def add(check):
        CASES.append((name, line, codes, check))
        return check

    return add


def read(name):
    with open(name, "rb") as file:
        return file.read()


def unchanged(_):
    """The panel alone, as it was."""
    assert sorted(os.listdir(".")) == ["panel"] and os.listdir("panel") == ["A.csv"], os.listdir(".")
    assert read("panel/A.csv") == PANEL, "the panel is changed"


for name, line in {
    "two pictures in one file": f"{RUN} --plot p.svg {HISTOGRAM} p.svg",
    "two pictures in one file by another name": f"{RUN} --plot p.svg {HISTOGRAM} ./panel/../p.svg",
    "solution and path in one file": (
        "growth -q --device cpu -o g.csv --path 5 --from-capital 1 --path-output g.csv"
    ),
    "output on the input": "bootstrap panel/A.csv -B 20 --device cpu -q -o panel/A.csv",
    "output on a file of the folder that is read": f"{RUN} -o panel/A.csv",
    "output in a folder that is not there": f"{RUN} -o none/x.csv",
    "output on a folder": f"{RUN} -o panel",
    "a name that is too long": f"{RUN} -o {'x' * 252}.csv",
    "a full device": f"{RUN} > /dev/full",
    "standard output closed": f"{RUN} >&-",
    "standard output for reading only": f"{RUN} 1< /dev/null",
    "a picture of which the format is not known": f"{RUN} --plot p.gif",
}.items():
    case(name, f"$B {line}", 1, 2)(unchanged)


@case("the longest name", f"$B {RUN} -o {'x' * 251}.csv", 0)
def longest_name(expected):
    assert read("x" * 251 + ".csv") == expected


@case("a reader that leaves", f"set -o pipefail; $B {RUN} | head -n 1 > first", 0, 141)
def head(expected):
    assert read("first") == expected.splitlines(keepends=True)[0]


@case("a pipe by name", f"mkfifo pipe; cat pipe > copy & $B {RUN} -o pipe && wait", 0)
def fifo(expected):
    assert read("copy") == expected
    assert not os.path.isfile("pipe")


@case("a device", f"$B {RUN} -o /dev/stdout > copy", 0)
def device(expected):
    assert read("copy") == expected


@case("the mode of a file is kept", f"echo old > x.csv; chmod 640 x.csv; $B {RUN} -o x.csv", 0)
def mode(expected):
    assert read("x.csv") == expected
    assert os.stat("x.csv").st_mode & 0o777 == 0o640, oct(os.stat("x.csv").st_mode)


@case("a new file is as the umask says", f"umask 027; $B {RUN} -o x.csv", 0)
def umask(expected):
    assert read("x.csv") == expected
    assert os.stat("x.csv").st_mode & 0o777 == 0o640, oct(os.stat("x.csv").st_mode)


@case("a link to a file", f"echo old > x.csv; ln -s x.csv link.csv; $B {RUN} -o link.csv", 0)
def link(expected):
    assert os.path.islink("link.csv") and read("x.csv") == expected


@case("a link to what is not there yet", f"ln -s x.csv link.csv; $B {RUN} -o link.csv", 0)
def dangling(expected):
    assert os.path.islink("link.csv") and read("x.csv") == expected


@case("a link to a folder that is not there", f"ln -s none/x.csv link.csv; $B {RUN} -o link.csv", 1)
def dangling_folder(_):
    assert os.path.islink("link.csv") and not os.path.exists("none")


@case("a link to the input", f"ln -s panel/A.csv link.csv; $B {RUN} -o link.csv", 1, 2)
def link_to_input(_):
    assert os.path.islink("link.csv") and read("panel/A.csv") == PANEL


@case("a hard link to the input", f"ln panel/A.csv same.csv; $B {RUN} -o same.csv", 1, 2)
def hard_link_to_input(_):
    assert read("same.csv") == PANEL


@case("a failure leaves the old file", f"echo old > x.csv; echo x >> panel/A.csv; $B {RUN} -o x.csv", 1)
def old_file(_):
    assert read("x.csv") == OLD


@case("a file that must not be written", f"echo old > x.csv; chmod 444 x.csv; $B {RUN} -o x.csv", 0, 1)
def read_only(expected):
    # A superuser may; others are refused or replace the file, whose mode stays.
    assert read("x.csv") in (OLD, expected)
    assert os.stat("x.csv").st_mode & 0o777 == 0o444, oct(os.stat("x.csv").st_mode)


@case("a folder that must not be written", f"mkdir locked; chmod 555 locked; $B {RUN} -o locked/x.csv", 0, 1)
def locked(expected):
    assert not os.path.exists("locked/x.csv") or read("locked/x.csv") == expected


@case("a table and a picture", f"$B {RUN} -o x.csv --plot p.svg {HISTOGRAM} h.png", 0)
def all_at_once(expected):
    assert read("x.csv") == expected
    assert read("p.svg").rstrip().endswith(b"</svg>") and read("h.png").startswith(b"\x89PNG")


def run(program, line, codes, check, expected):
    """What is wrong with a case, or nothing."""
    back = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="bellwether-outputs-") as folder:
        os.chdir(folder)
        try:
            os.mkdir("panel")
            with open("panel/A.csv", "wb") as file:
                file.write(PANEL)
            ran = subprocess.run(
                ["bash", "-c", line],
                env={**os.environ, "B": program},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
                text=True,
            )
            assert ran.returncode in codes, f"exit code {ran.returncode}: {ran.stderr}"
            assert "panic" not in ran.stderr and "please report" not in ran.stderr, ran.stderr
            if ran.returncode == 1:
                assert (
                    ran.stderr.startswith("bellwether: ") and ran.stderr.count("\n") == 1
                ), f"not one message: {ran.stderr}"
            elif ran.returncode in (0, 141):
                assert ran.stderr == "", f"not quiet: {ran.stderr}"
            for path, _, files in os.walk("."):
                left = [name for name in files if name.startswith(".")]
                assert not left, f"{left} left in {path}"
            check(expected)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as problem:
            return str(problem) or "not as expected"
        finally:
            os.chdir(back)
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", default="target/release/bellwether")
    program = os.path.abspath(parser.parse_args().program)
    with tempfile.TemporaryDirectory(prefix="bellwether-outputs-") as folder:
        os.mkdir(os.path.join(folder, "panel"))
        with open(os.path.join(folder, "panel", "A.csv"), "wb") as file:
            file.write(PANEL)
        expected = subprocess.run([program, *RUN.split()], cwd=folder, check=True, capture_output=True).stdout
    failed = 0
    for name, line, codes, check in CASES:
        problem = run(program, line, codes, check, expected)
        if problem:
            failed += 1
            print(f"{name}: {line}\n    {problem}")
    print(f"{len(CASES)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
