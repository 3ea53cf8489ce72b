"""Load what is new into the star schema: `python etl.py --help`."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
