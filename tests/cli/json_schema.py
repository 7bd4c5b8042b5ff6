"""Holds what tidemark prints with --json to its schema, each line to the part of the verb that printed it."""

import functools
import json
import os
import sys

try:
    import jsonschema
except ImportError:  # another Python than Debian's does not look where Debian's packages lie
    sys.path.append("/usr/lib/python3/dist-packages")
    import jsonschema

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cli", "tidemark-json.schema.json")


@functools.lru_cache(maxsize=None)
def schema():
    with open(FILE, encoding="utf-8") as file:
        whole = json.load(file)
    jsonschema.Draft202012Validator.check_schema(whole)
    return whole


@functools.lru_cache(maxsize=None)
def validator(verb):
    return jsonschema.Draft202012Validator({**schema(), "anyOf": [{"$ref": f"#/$defs/{verb}"}]})


def check(verb, objects):
    """Raises AssertionError for the first that is not as the schema says."""
    for one in objects:
        if not validator(verb).is_valid(one):
            raise AssertionError(f"tidemark {verb} printed what {os.path.basename(FILE)} does not know: {one}")
