"""Old names of commands and options, which work for one more version and appear in no help text.

To remove one, delete its line.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

COMMANDS = {"check": "grade-file", "move": "migrate-gradebook", "report": "class-report"}
OPTIONS = {
    "autograde": {"--cold": "--no-fork"},
    "collect": {"--zone": "--timezone"},
    "export": {"--zone": "--timezone", "--waiting": "--ungraded"},
}


def with_new_names(args: list[str]) -> list[str]:
    """Return a command line, which begins with the command, with every old name replaced by the new one."""
    if not args:
        return args
    command = COMMANDS.get(args[0], args[0])
    options = OPTIONS.get(command, {})
    return [command, *(_with_new_name(word, options) for word in args[1:])]


def _with_new_name(word: str, options: dict[str, str]) -> str:
    name, equals, value = word.partition("=")
    return options.get(name, name) + equals + value


class AliasGroup(TyperGroup):
    """The commands, also under their old names."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer has a Click of its own, or none, by version
        """Find the command that a command line names."""
        return super().resolve_command(ctx, with_new_names(args))
