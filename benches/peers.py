#!/usr/bin/env python3
"""How long a scan of a whole history takes, next to Git itself and to other scanners.

    cargo build --release && benches/peers.py [--rounds N] [--portcullis FILE] REPOSITORY...

For each repository, in turn and N (5) times over: `git cat-file` prints all objects to nowhere;
portcullis scans all of them with one thread, with one for each processor, and once more where the
last scan left notes; and each of gitleaks, betterleaks, kingfisher and trufflehog that is found on
PATH scans the history in the way its own documentation gives. Shown are medians: processor time
(user and system, with that of all programs it starts), wall time, the memory of its largest
process at the peak; and what the first two are of Git's.

Nothing goes over the network: no scanner is asked to verify what it finds or to look for updates,
and proxies lead nowhere. Nothing is left: the repositories are only read, the homes, caches and
temporary files of all programs are in one folder that is deleted at the end, also after Ctrl-C.
A scanner that finds something ends with a status of its own; any other failure is said. Needs
Python 3.8 on Linux or macOS, and nothing else.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

GIT = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"]

# Name, arguments behind it, and the statuses that are no failure. {repo} is the repository.
PEERS = [
    ("gitleaks", ["git", "--no-banner", "--log-level", "error", "--exit-code", "0", "{repo}"], {0}),
    ("betterleaks", ["git", "--no-banner", "--log-level", "error", "--exit-code", "0", "{repo}"], {0}),
    (
        "kingfisher",
        ["scan", "--no-validate", "--no-update-check", "--quiet", "--format", "json", "{repo}"],
        {0, 200, 205},
    ),
    ("trufflehog", ["git", "--no-verification", "--no-update", "--json", "file://{repo}"], {0}),
]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", metavar="REPOSITORY", nargs="+")
    parser.add_argument("--rounds", metavar="N", type=int, default=5)
    parser.add_argument("--portcullis", metavar="FILE", default="target/release/portcullis")
    args = parser.parse_args()
    program = shutil.which(args.portcullis)
    if program is None:
        parser.error(f"{args.portcullis} is no program; cargo build --release makes it")
    if args.rounds < 1:
        parser.error("there must be a round")
    # As Ctrl-C: the folder is deleted all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
            for repository in args.repositories:
                compare(os.path.abspath(repository), args.rounds, os.path.abspath(program), scratch)
    except KeyboardInterrupt:
        sys.exit(130)


def compare(repo, rounds, portcullis, scratch):
    """Prints the table of one repository."""
    env = environment(scratch)
    found = subprocess.run(
        ["git", "rev-parse", "--absolute-git-dir"], cwd=repo, env=env, capture_output=True, text=True
    )
    if found.returncode != 0:
        sys.exit(f"{repo}: {found.stderr.strip()}")
    # A repository of its own over the same objects: what is written goes there.
    borrowed = os.path.join(scratch, "borrowed.git")
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", "--shared", found.stdout.strip(), borrowed],
        env=env,
        check=True,
    )
    scan = [portcullis, "scan", "--no-progress", "--quiet"]
    rows = [
        ("git cat-file", GIT, repo, {0}),
        ("portcullis, 1 thread", scan + ["--no-cache", "--jobs", "1", repo], repo, {0, 1, 3}),
        ("portcullis", scan + ["--no-cache", repo], repo, {0, 1, 3}),
        ("portcullis, once more", scan + [borrowed], borrowed, {0, 1, 3}),
    ]
    for name, arguments, good in PEERS:
        program = shutil.which(name)
        if program is not None:
            words = [word.replace("{repo}", borrowed) for word in arguments]
            rows.append((name, [program] + words, borrowed, good))
    took = {name: [] for name, *_ in rows}
    # The notes for `once more`; reads the packs into memory for all others too.
    run(scan + [borrowed], borrowed, env)
    for _ in range(rounds):
        for name, command, place, good in rows:
            status, *figures = run(command, place, env)
            took[name].append(figures)
            if status not in good:
                print(f"{name}: ended with {status}", file=sys.stderr)
    shutil.rmtree(borrowed)
    print(f"{repo}, {size(found.stdout.strip())}, medians of {rounds}, {os.cpu_count()} processors")
    print(f"{'':24}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}{'CPU/git':>9}{'wall/git':>9}")
    first = None
    for name, *_ in rows:
        cpu, wall, peak = (statistics.median(column) for column in zip(*took[name]))
        first = first or (cpu, wall)
        of_git = f"{cpu / first[0]:9.2f}{wall / first[1]:9.2f}"
        print(f"{name:24}{cpu:9.2f}{wall:9.2f}{peak / 1e6:9.0f}{of_git}")
    sys.stdout.flush()


def run(command, place, env):
    """Status, processor time and wall time in seconds, and bytes of memory at the peak."""
    start = time.monotonic()
    child = subprocess.Popen(
        command,
        cwd=place,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        child.wait()
        raise
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status) if sys.version_info >= (3, 9) else status >> 8
    unit = 1 if sys.platform == "darwin" else 1024
    return child.returncode, usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * unit


def environment(scratch):
    """That of the user, but for what is kept at home, and without a way out."""
    env = dict(os.environ)
    for name, folder in [
        ("HOME", "home"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("TMPDIR", "tmp"),
    ]:
        env[name] = os.path.join(scratch, folder)
        os.makedirs(env[name], exist_ok=True)
    for name in ["http_proxy", "https_proxy", "all_proxy"]:
        env[name] = env[name.upper()] = "http://127.0.0.1:9"
    env.update(GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0", NO_COLOR="1")
    return env


def size(git_dir):
    """What the packs of a repository take."""
    folder = os.path.join(git_dir, "objects", "pack")
    packs = [entry for entry in os.scandir(folder) if entry.name.endswith(".pack")]
    return f"{sum(entry.stat().st_size for entry in packs) / 1e6:.0f} MB of packs"


if __name__ == "__main__":
    main()
