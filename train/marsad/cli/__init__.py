"""The command line: one verb, one file. Only here is anything printed."""

from __future__ import annotations

import os
import sys

import typer
from rich.markup import escape

from marsad.cli import audit, check, compare, data, evaluate, export, predict, pretrain, publish, stats, train, verify
from marsad.cli.console import errors
from marsad.errors import MarsadError

app = typer.Typer(
    name="marsad",
    help="Reads Arabic reports on armed conflict: which camps took part, and what happened.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
for verb in (
    check.check,
    train.train,
    evaluate.evaluate,
    compare.compare,
    audit.audit,
    predict.predict,
    stats.stats,
    pretrain.pretrain,
    export.export,
    publish.publish,
    verify.verify,
):
    app.command()(verb)
app.add_typer(data.data)


def main() -> None:
    """Run the command line; a user's mistake is a message and exit code 2, never a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        app()
    except MarsadError as error:
        for line in str(error).splitlines():
            errors.print(f"[bold red]error:[/] {escape(line)}", soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        errors.print(f"[bold red]error:[/] {escape(place)}{escape(error.strerror or str(error))}", soft_wrap=True)
        sys.exit(2)
