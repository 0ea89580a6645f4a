"""`marsad publish`: a model or annotated reports to a hub, or to a folder that is carried somewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from marsad.cli.console import errors, output, set_up_logging
from marsad.cli.data.arguments import TaxonomyName
from marsad.cli.export import show_export
from marsad.files import sizes

if TYPE_CHECKING:
    from marsad.publishing.parcel import Sendable
    from marsad.publishing.publish import Publication


def publish(
    model: Annotated[str, typer.Argument(help="Folder of a model made by `marsad train`, or `default`; with --dataset, reports.")],
    repo: Annotated[str, typer.Argument(help="Repository on the hub: ORG/NAME.")],
    yes: Annotated[bool, typer.Option("--yes", help="Send it. Without this nothing is sent.")] = False,
    public: Annotated[bool, typer.Option("--public", help="Let everybody read it, once it is verified.")] = False,
    tag: Annotated[str | None, typer.Option(help="Version, as v1.2.0; refused if it holds something else.")] = None,
    endpoint: Annotated[str | None, typer.Option(help="Address of another hub.")] = None,
    to_dir: Annotated[Path | None, typer.Option(help="Write the folder there, with SHA256SUMS, and send nothing.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Publish a model that was never evaluated; the card says so.")] = False,
    onnx: Annotated[bool, typer.Option("--onnx", help="Send it as ONNX files too (see `marsad export`).")] = False,
    dataset: Annotated[
        bool, typer.Option("--dataset", help="Publish annotated reports: a file, or a folder with train, dev and test.jsonl.")
    ] = False,
    no_text: Annotated[bool, typer.Option("--no-text", help="Of reports, only ids, dates, sources and labels.")] = False,
    taxonomy: TaxonomyName = "syria",
) -> None:
    """Publish a model to a hub: checked, with a card, and fetched again to prove that it answers as here.

    With --dataset the same for annotated reports; the README.md beside them gives the licence and the data sheet.
    Without --yes nothing is sent: it shows what would be. The token is that of HF_TOKEN or of `hf auth login`.

    Example: `marsad publish models/default ORG/NAME --tag v1.0.0 --yes`, `marsad publish --dataset data/ ORG/REPORTS --no-text`
    """
    if no_text and not dataset:
        raise typer.BadParameter("--no-text is for --dataset")
    set_up_logging()
    from marsad.publishing.endpoint import choose_endpoint

    choose_endpoint(endpoint)
    with tempfile.TemporaryDirectory(prefix="marsad-publish-") as place, errors.status("checking") as status:
        parcel = (
            _pack_reports(model, repo, place, taxonomy, tag, not no_text)
            if dataset
            else _pack(model, repo, place, tag, force, onnx)
        )
        from marsad.publishing.parcel import deliver
        from marsad.publishing.publish import publish as send

        if to_dir is not None:
            deliver(parcel, to_dir)
            output.print(f"written: {escape(str(to_dir))} ({len(sizes(parcel.folder))} files and SHA256SUMS)")
        elif yes:
            done = send(parcel, repo, tag, public, endpoint, status.update)
            output.print(_told(done, "read" if dataset else "answered"))
        else:
            status.stop()
            _show(parcel, repo, public)


def _told(done: Publication, came: str) -> str:
    seen, version = "public" if done.public else "private", escape(done.tag or done.commit[:8])
    return f"{escape(done.repo)} {version} is there ({seen}): {done.verification.reports:,} reports {came} as here"


def _pack(model: str, repo: str, place: str, tag: str | None, force: bool, onnx: bool) -> Sendable:
    from marsad.modeling.folders import find_model
    from marsad.publishing.parcel import pack

    parcel = pack(find_model(model), repo, Path(place), tag, force, onnx)
    for name, exported in parcel.onnx.items():
        show_export(exported, Path(name))
    return parcel


def _pack_reports(reports: str, repo: str, place: str, taxonomy: str, tag: str | None, text: bool) -> Sendable:
    from marsad.publishing.dataset import pack_reports
    from marsad.taxonomy import find_taxonomy, read_taxonomy

    return pack_reports(Path(reports), repo, Path(place), read_taxonomy(find_taxonomy(taxonomy)), tag, text)


def _show(parcel: Sendable, repo: str, public: bool) -> None:
    """Print what would be sent: the files, the card."""
    seen, files = "everybody could read it" if public else "private", sizes(parcel.folder)
    table = Table(title=f"{escape(repo)} ({seen})", caption=f"{sum(files.values()) / 1e6:,.1f} MB")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for name, size in files.items():
        table.add_row(escape(name), f"{size:,}")
    output.print(table)
    output.print(parcel.card, markup=False, soft_wrap=True)
    output.print("Nothing was sent. Send it with --yes, or write the folder with --to-dir.")
