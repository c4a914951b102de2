"""Reads JSON Lines and prints the keys of each object, in their order; lists of objects and nested lists show their
shape. Fails on anything that is not strict JSON: NaN, a key that appears twice, text around the object.

With --fields it prints each field of these objects and of what kind its values are, FIELD and KIND with a tab between:
"absent" where an object lacks it. tests/suites/fields.sh compares them with mnist-model(5)."""
import json
import sys


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError("a key appears twice: %s" % keys)
    return dict(pairs)


def refuse(name):
    raise ValueError("%s is not JSON" % name)


def shape(value):
    if isinstance(value, dict):
        return "{" + " ".join(key + nested(item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        kinds = {shape(item) for item in value}
        return "[%d%s]" % (len(value), "".join(" " + kind for kind in sorted(kinds) if kind))
    return ""


def nested(value):
    text = shape(value)
    return ":" + text if text else ""


def kind(value):
    """What mnist-model(5) calls it: "integer", "list of 10 lists of 10 integers"."""
    if not isinstance(value, list):
        names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
        return names[type(value)]
    kinds = {kind(item) for item in value}
    if kinds == {"integer", "number"}:
        kinds = {"number"}
    return "list" + "".join(" of %d %s" % (len(value), name.replace(" ", "s ", 1) if " " in name else name + "s")
                            for name in kinds)


def fields(objects, path=""):
    """(FIELD, KIND) of each; a member of objects in a list is the field list[].member."""
    for key in {key: None for value in objects for key in value}:
        items = [value[key] for value in objects if key in value]
        yield from ((path + key, kind(item)) for item in items)
        if len(items) < len(objects):
            yield path + key, "absent"
        inner = [part for item in items if isinstance(item, list) for part in item if isinstance(part, dict)]
        yield from fields(inner, path + key + "[].")


lines = (json.loads(line, object_pairs_hook=unique, parse_constant=refuse) for line in sys.stdin)
if sys.argv[1:] == ["--fields"]:
    for row in sorted(set(fields(list(lines)))):
        print(*row, sep="\t")
else:
    for value in lines:
        print(value.get("event", "object"), shape(value))
