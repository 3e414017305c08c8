"""Holds lines of the log against the JSON schema that is named; tells each that does not fit.

The answer is one line for each line: `ok`, or what is wrong with it.
"""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
for line in sys.stdin:
    found = [error.message for error in validator.iter_errors(json.loads(line))]
    print("; ".join(found).replace("\n", " ") if found else "ok")
