"""`python -m sparkify` is the command `sparkify`."""

from sparkify.cli import main

if __name__ == "__main__":
    main()
