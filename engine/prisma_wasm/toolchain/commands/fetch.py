"""`prisma py fetch`: prepares the Node packages; there are no engine binaries to fetch."""

import click

from prisma_wasm.toolchain import launcher, packages


@click.command("fetch", short_help="Prepare what the prisma command needs.")
@click.option("--force", is_flag=True, help="Install the Node packages again.")
def cli(*, force: bool) -> None:
    """Prepare what the prisma command needs. Queries need no engine binary."""
    with launcher.ended_on_failure():
        folder = packages.install(again=True) if force else packages.prepare()
    click.echo(f"The prisma command is ready; its Node packages are in {folder}.")
    click.echo("prisma-wasm runs queries in the Python process and needs no engine binary.")
