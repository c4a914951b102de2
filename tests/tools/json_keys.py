"""Reads JSON Lines and prints the keys of each object, in their order; lists of objects and nested lists show their
shape. Fails on anything that is not strict JSON: NaN, a key that appears twice, text around the object."""
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


for line in sys.stdin:
    value = json.loads(line, object_pairs_hook=unique, parse_constant=refuse)
    print(value.get("event", "object"), shape(value))
