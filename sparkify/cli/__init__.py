"""The command `sparkify`: parse, call one function, print, exit.

The only place that turns errors into exit codes. What a command needs is imported
inside of it, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper

import click

from sparkify import runbook
from sparkify.cli import asking, loading, looking
from sparkify.cli.common import INTERRUPTED, cli, say
from sparkify.errors import SparkifyError

__all__ = ["asking", "cli", "loading", "looking", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    # Each may be closed, and be None then.
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, TextIOWrapper)]
    for stream in streams:
        # A terminal that has no letter for a text gets a question mark.
        stream.reconfigure(errors="replace")
    code: int | str | None
    try:
        code = cli.main(arguments, prog_name="sparkify", standalone_mode=False)
        for stream in streams:
            stream.flush()
    except SystemExit as ended:
        # click and rich end with 1 when nobody takes their output; ours is for data.
        code = 2 if ended.code == 1 else ended.code
    except BaseException as error:  # noqa: BLE001  # what is not expected is raised
        code = _told(error)
    sys.exit(code or 0)


def _told(error: BaseException) -> int:
    """Say what has happened, and give the exit code; raise what nobody expects."""
    match error:
        case SparkifyError():
            say(f"{error} {runbook.see(runbook.section_of(type(error)))}")
            return error.exit_code
        case click.ClickException():
            error.show()
            return 2
        case KeyboardInterrupt() | click.Abort():
            return _told_of_interrupt(error)
        case MemoryError():
            say(
                "this machine has too little memory; lower [LOAD] BATCH_BYTES and "
                f"MEMORY_LIMIT. {runbook.see(runbook.LITTLE_MEMORY)}"
            )
        case UnicodeError():
            say(
                "a name or a text cannot be written in the encoding of this "
                f"environment; set PYTHONUTF8=1. {runbook.see(runbook.LOCAL_FILE)}"
            )
        case BrokenPipeError():
            _drop_output()
        case OSError():
            _drop_output()
            what = error.filename or "output, or a file beside the warehouse"
            say(
                f"{what}: {error.strerror or error}; correct that and run again. "
                f"What was committed stays. {runbook.see(runbook.LOCAL_FILE)}"
            )
        case _:
            raise error
    return 2


def _told_of_interrupt(error: BaseException) -> int:
    # click makes an Abort of Ctrl-C too, with that as its cause.
    if isinstance(error, click.Abort) and error.__cause__ is None:
        click.echo(err=True)
        say("not confirmed; nothing was changed.")
    else:
        say("interrupted; what was committed stays.")
    return INTERRUPTED


def _drop_output() -> None:
    """Nobody takes our output any more; Python would complain at its own exit."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: sparkify completion bash > ~/.local/share/bash-completion/completions/sparkify
    zsh:  sparkify completion zsh > "${fpath[1]}/_sparkify"
    fish: sparkify completion fish > ~/.config/fish/completions/sparkify.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    assert script
    click.echo(script(cli, {}, "sparkify", "_SPARKIFY_COMPLETE").source())
