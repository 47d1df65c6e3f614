"""What the palette of commands finds: by the name of a command, and by the words that say what it does."""

from __future__ import annotations

from textual.command import Hit, Hits
from textual.system_commands import SystemCommandsProvider

BY_ABOUT = 0.01
"""How well a command fits whose description alone has the words: less than any that has them in its name."""


class PaletteCommands(SystemCommandsProvider):
    """Textual's, which looks at the names alone."""

    async def search(self, query: str) -> Hits:
        """Find commands.

        Args:
            query: words; of a description each must begin one of its words.
        """
        matcher, wanted = self.matcher(query), query.lower().split()
        for name, about, act, *_ in self.app.get_system_commands(self.screen):
            if (fits := matcher.match(name)) > 0:
                yield Hit(fits, matcher.highlight(name), act, help=about)
            elif _begins(about.lower(), wanted):
                yield Hit(BY_ABOUT, name, act, help=about)


def _begins(about: str, wanted: list[str]) -> bool:
    words = "".join(each if each.isalnum() else " " for each in about).split()
    return bool(wanted) and all(any(word.startswith(each) for word in words) for each in wanted)
