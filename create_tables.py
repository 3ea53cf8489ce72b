"""Create the warehouse's tables: `python create_tables.py --help`."""

import sys

from sparkify.cli import main

if __name__ == "__main__":
    main(["create-tables", *sys.argv[1:]])
