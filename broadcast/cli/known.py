"""What is known of people beside their numbers, in words: what an import read, and of how many it is known."""

from collections.abc import Iterator

from broadcast.audience.attributes import KINDS
from broadcast.audience.coverage import Coverage
from broadcast.audience.importer import ImportResult
from broadcast.cli.output import print_table, say, words
from broadcast.languages import _, headings, ngettext

_ASIDE_SHOWN = 5


def import_words(done: ImportResult) -> Iterator[str]:
    """Lines: cells that could not be read, columns that nobody read. None where there is nothing to say."""
    for column, each in done.unclear.items():
        yield ngettext(
            "{column}: unclear in {n:,} line, {first:,}: its person is imported, and has none",
            "{column}: unclear in {n:,} lines, the first is {first:,}: their people are imported, and have none",
            each.lines,
            column=column,
            first=each.first,
        )
    if done.aside:
        shown = ", ".join(map(words, done.aside[:_ASIDE_SHOWN])) + (
            " ..." if len(done.aside) > _ASIDE_SHOWN else ""
        )
        yield _(
            "columns left aside: {columns}; to keep one of people, import again with --attribute NAME:TYPE ({kinds})",
            columns=shown,
            kinds=", ".join(KINDS),
        )


def show_coverage(found: Coverage) -> None:
    """A table, and who lives nowhere that is in the table of areas."""
    rows = [(name, known, round(100 * known / found.subscribers, 1)) for name, known in found.known.items()]
    print_table(_("Known of them"), headings("column", "subscribers", "%"), rows)
    if found.languages:
        say(
            _(
                "languages: {languages}",
                languages=", ".join(f"{tag} {words(people)}" for tag, people in found.languages.items()),
            )
        )
    if found.strange:
        say(
            ngettext(
                "of {n:,} subscriber area or seen is no area that was imported: see `broadcast area list`",
                "of {n:,} subscribers area or seen is no area that was imported: see `broadcast area list`",
                found.strange,
            )
        )
