"""The list of commands as ``--help`` shows it: plain text under headings.

Typer's own headings come with rich panels, whose imports take longer than all the rest of a help
text; the names of the panels are kept as headings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer import _click as click

_LONGEST = 300  # characters of the sentence about a command


class Headed(TyperGroup):
    """A group whose commands stand under the headings that their ``rich_help_panel`` names."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every command with the whole first sentence of its help."""
        longest = max(len(name) for name in self.list_commands(ctx))
        headings: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                heading = str(getattr(command, "rich_help_panel", None) or "Others")
                row = (name.ljust(longest), command.get_short_help_str(_LONGEST))
                headings.setdefault(heading, []).append(row)
        formatter.write_paragraph()
        formatter.write_heading("Commands")
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
