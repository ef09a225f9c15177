"""Serve the stand-in carriers: `python -m portal.sandbox --port 8010 --home var`."""

import argparse
from pathlib import Path

from portal.sandbox import serving

parser = argparse.ArgumentParser(prog="python -m portal.sandbox", description=serving.__doc__)
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=8010)
parser.add_argument("--home", type=Path, default=Path("var"), help="folder of the carriers' own books")
parser.add_argument("--demo", action="store_true", help="answer as slowly as a carrier, and let data be used up")

if __name__ == "__main__":
    chosen = parser.parse_args()
    serving.serve(chosen.host, chosen.port, chosen.home, chosen.demo)
