"""`marsad publish`: a model to a hub, or to a folder that is carried somewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import errors, output, set_up_logging
from marsad.cli.export import show_export

if TYPE_CHECKING:
    from marsad.publishing.parcel import Parcel


def publish(
    model: Annotated[str, typer.Argument(help="Folder of a model made by `marsad train`, or `default`.")],
    repo: Annotated[str, typer.Argument(help="Repository on the hub: ORG/NAME.")],
    yes: Annotated[bool, typer.Option("--yes", help="Send it. Without this nothing is sent.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Let everybody read it, once it is verified.")] = False,
    tag: Annotated[str | None, typer.Option(help="Version, as v1.2.0; refused if it exists.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Address of another hub.")] = None,
    to_dir: Annotated[Path | None, typer.Option(help="Write the folder there, with SHA256SUMS, and send nothing.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish a model that was never evaluated; the card says so.")] = False,
    onnx: Annotated[bool, typer.Option("--onnx", help="Send it as ONNX files too (see `marsad export`).")] = False,
) -> None:
    """Publish a model to a hub: checked, with a card, and fetched again to prove that it answers as here.

    Without --yes nothing is sent: it shows what would be. The token is that of HF_TOKEN or of `hf auth login`.

    Example: `marsad publish models/default ORG/NAME --tag v1.0.0 --yes`
    """
    set_up_logging()
    from marsad.publishing.endpoint import choose_endpoint

    choose_endpoint(endpoint)
    with tempfile.TemporaryDirectory(prefix="marsad-publish-") as place, errors.status("checking the model") as status:
        from marsad.modeling.folders import find_model
        from marsad.publishing.parcel import deliver, pack
        from marsad.publishing.publish import publish as send

        parcel = pack(find_model(model), repo, Path(place), tag, force, onnx)
        for name, exported in parcel.onnx.items():
            show_export(exported, Path(name))
        if to_dir is not None:
            deliver(parcel, to_dir)
            output.print(f"written: {escape(str(to_dir))} ({len(parcel.files)} files and SHA256SUMS)")
        elif yes:
            done = send(parcel, repo, tag, public, endpoint, status.update)
            seen = "public" if public else "private"
            version = escape(tag or done.commit[:8])
            output.print(f"{escape(repo)} {version} is there ({seen}): {done.verification.reports} reports answered as here")
        else:
            status.stop()
            _show(parcel, repo, public)


def _show(parcel: Parcel, repo: str, public: bool) -> None:
    """Print what would be sent: the files, the card."""
    seen = "everybody could read it" if public else "private"
    table = Table(title=f"{escape(repo)} ({seen})", caption=f"{sum(parcel.files.values()) / 1e6:,.1f} MB")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for name, size in parcel.files.items():
        table.add_row(escape(name), f"{size:,}")
    output.print(table)
    output.print(parcel.card, markup=False, soft_wrap=True)
    output.print("Nothing was sent. Send it with --yes, or write the folder with --to-dir.")
