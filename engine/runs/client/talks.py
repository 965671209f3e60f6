"""Says where the presenter of a talk stands, and takes the votes of the room, without the engine. Torch-free."""

from engine.errors import ConfigError
from engine.runs.client.author import author
from engine.store.audience.showings import Place
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Characters of a question's key and of what stands for a visitor.
_MAX_KEY = 64


class TalkClient:
    """Writes places and votes; raises SkipscopeError in one line."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace

    def show(self, place: Place) -> None:
        """Show a scene to the room."""
        with Writer(self.workspace.prepare()) as writer, writer.together():
            writer.showings.show(place)
            writer.commands.note("show", argument=f"{place.talk}, scene {place.scene}", author=author())

    def started(self, race: int) -> None:
        """Show a race that was started live."""
        with Writer(self.workspace) as writer, writer.together():
            writer.showings.started(race)
            writer.commands.note("show", argument="to the room", race=race, author=author())

    def end(self) -> None:
        """End the talk for the room."""
        if self.workspace.database.exists():
            with Writer(self.workspace) as writer, writer.together():
                writer.showings.end()
                writer.commands.note("end", argument="of a talk", author=author())

    def vote(self, question: str, visitor: str, choice: int) -> None:
        """Take the vote of a visitor. Raises ConfigError for a closed question."""
        if not (0 < len(question) <= _MAX_KEY and 0 < len(visitor) <= _MAX_KEY) or not self.workspace.database.exists():
            raise ConfigError("this question is not open now")
        with Writer(self.workspace) as writer:
            writer.showings.vote(question, visitor, choice)
