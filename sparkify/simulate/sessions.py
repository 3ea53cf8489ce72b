"""A session: what one user does from the first click to the last."""

from collections.abc import Iterator
from dataclasses import dataclass

from sparkify.simulate.catalogue import NO_SONG, PlayedSong
from sparkify.simulate.chance import Chance, Weighted
from sparkify.simulate.pages import FINISH, JOURNEY, LOGOUT, NEXT_SONG, START, Step
from sparkify.simulate.users import GUEST, User

Event = tuple[int, str]

_PAUSE = 110_000.0  # ms a listener stays on a page, on average


@dataclass(slots=True)
class Session:
    """A session of a user from its start on; times are epoch ms."""

    user: User
    number: int
    now: int
    song_ends: int = 0
    events: int = 0
    plays: int = 0

    @property
    def over(self) -> int:
        """Return when the user is gone: the last song is heard to its end."""
        return max(self.now, self.song_ends)

    def run(
        self, chance: Chance, songs: Weighted[PlayedSong], end: int
    ) -> Iterator[Event]:
        """Yield the events in their order, as (ts, log line), those before end."""
        journey = JOURNEY[self.user.level]
        step = START
        while (step := journey[step].pick(chance.random())) is not FINISH:
            if self.events:
                self._advance(step, chance)
            if self.now >= end:
                return
            song = NO_SONG
            if step is NEXT_SONG:
                song = songs.pick(chance.random())
                self.song_ends = self.now + song.milliseconds
                self.plays += 1
            yield self.now, self._line(step, song)
            self.events += 1
            if step is LOGOUT:
                self.song_ends = self.now
            elif step.new_level:
                self.user.level = step.new_level
                journey = JOURNEY[step.new_level]

    def _advance(self, step: Step, chance: Chance) -> None:
        """Move to the moment of the step: songs play on while pages are looked at."""
        playing = self.song_ends - self.now
        if playing <= 0:
            self.now += int(chance.wait(_PAUSE))
        elif step is NEXT_SONG:
            self.now = self.song_ends
        else:
            self.now += int(chance.random() * playing)

    def _line(self, step: Step, song: PlayedSong) -> str:
        who = GUEST if step.guest else self.user.identity
        return (
            f"{song.artist}{who.first_name}{self.events}{who.last_name}{song.length}"
            f',"level":"{self.user.level}"{who.location}{step.request}'
            f"{who.registration}{self.number}{song.title}{step.status}"
            f',"ts":{self.now}{who.agent}{who.user_id}"}}'
        )
