"""Functions and triggers as the migrations made them."""

from broadcast.acts.functions import Function, Trigger, compare_functions, made

OLD = """
CREATE FUNCTION short(a text) RETURNS int LANGUAGE sql IMMUTABLE RETURN 1;
CREATE FUNCTION f(a text) RETURNS void LANGUAGE sql AS $$ SELECT 1 $$;
CREATE TRIGGER t AFTER INSERT
    ON one EXECUTE FUNCTION g();
"""
NEW = """
-- again
CREATE OR REPLACE FUNCTION f(a text) RETURNS void
LANGUAGE sql AS $$ SELECT 2 $$;
CREATE FUNCTION f(b int)
RETURNS int LANGUAGE sql AS $$ SELECT 3 $$;
"""


def said(functions: list[Function], triggers: list[Trigger]) -> list[str]:
    return [str(each) for each in compare_functions([OLD, NEW], functions, triggers)]


ON = Trigger("t", "one", on=True)


def test_the_last_migration_that_makes_one_counts() -> None:
    assert made([OLD, NEW]) == {"f": frozenset({" SELECT 2 ", " SELECT 3 "})}
    assert said([Function("f", " SELECT 2 ", False), Function("f", " SELECT 3 ", False)], [ON]) == []
    assert said([Function("f", " SELECT 1 ", False)], [ON]) == [
        "function f: it is not as its migration made it"
    ]


def test_one_beside_ours_only_if_it_has_the_owners_rights() -> None:
    assert said([Function("own", "x", False)], [ON]) == []
    assert said([Function("own", "x", True)], [ON]) == ["function own: no migration made it"]


def test_a_trigger() -> None:
    assert said([], [Trigger("t", "one", on=False), Trigger("other", "one", on=False)]) == [
        "trigger t of one: it is off"
    ]
    assert said([], [ON, Trigger("lose", "act", on=True)]) == ["trigger lose of act: no migration made it"]
    assert said([], [Trigger("t", "two", on=False)]) == ["trigger t of one: it is gone"]


def test_a_trigger_that_databases_of_some_kinds_have() -> None:
    made = (
        NEW + "\nBEGIN\n    CREATE TRIGGER counted AFTER INSERT ON people\n        FOR EACH STATEMENT;\nEND"
    )
    for there in ([ON], [ON, Trigger("counted", "people", on=True)]):
        assert list(compare_functions([OLD, made], [], there)) == []
