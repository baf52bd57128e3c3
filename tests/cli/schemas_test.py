"""The JSON Schemas of what readers get: a change that breaks a reader of version 1 is found."""

import copy
import json
import pathlib
import unittest

import jsonschema

import cli

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config"


def read(name):
    return json.loads((CONFIG / f"{name}.schema.json").read_text("utf-8"))


# Version 1 as it was published, each member by where it stands: "?" when it may be missing, and
# what it is. A change that breaks this needs a new version, and then both are held to their own.
DETECTION = {
    "type": "string", "class": "string", "confidence": "number", "bbox": "array", "detector": "string",
    "track_id": "?integer",
}  # fmt: skip
PUBLISHED = {
    "result": {
        "": {"frame_id": "string", "camera_id": ["string", "null"], "timestamp": ["string", "null"],
             "processed": True, "processing_time": "number", "processor_id": "string",
             "processor_timestamp": "number", "sample_metadata": "object", "detections": "array",
             "detection_count": "integer"},
        "sample_metadata": {"width": "integer", "height": "integer", "format": "string",
                            "orientation": "integer", "warnings": "array", "stats": "?object",
                            "steps": "array", "simulated_gpu": "?boolean"},
        "sample_metadata/warnings": {"type": "string", "msg": "string"},
        "sample_metadata/stats": {"mean": "number", "stddev": "number", "min": "integer", "max": "integer",
                                  "histogram": "array", "underexposed": "number", "overexposed": "number",
                                  "sharpness": "number"},
        "sample_metadata/steps": {"name": "string", "skipped": "?string", "took_ms": "number"},
        "detections": DETECTION,
    },
    "dead-letter": {
        "": {"frame_id": "?string", "dlq_reason": "string", "dlq_id": "string", "dlq_deliveries": "string",
             "dlq_processor_id": "string", "dlq_timestamp": "string", "dlq_truncated": "?string",
             "dlq_trimmed": "?string", "dlq_replays": "?string"},
    },
}  # fmt: skip


def at(schema, place):
    """The schema of an object; of an array that of its items."""
    for name in filter(None, place.split("/")):
        schema = schema.get("properties", {}).get(name, {})
        schema = schema.get("items", schema)
    return schema


def breaks(name, schema):
    """What a reader of version 1 could no longer rely on."""
    problems = []
    if schema.get("title") != f"sampleproc.{name}/1":
        problems.append("the title is another")
    for place, members in PUBLISHED[name].items():
        found = at(schema, place)
        if found.get("additionalProperties") is False:
            problems.append(f"{place} may have no new members")
        for member, kind in members.items():
            own = found.get("properties", {}).get(member, {})
            optional = isinstance(kind, str) and kind.startswith("?")
            if own.get("const" if kind is True else "type") != (kind[1:] if optional else kind):
                problems.append(f"{place}/{member} is no longer of its kind")
            if not optional and member not in found.get("required", []):
                problems.append(f"{place}/{member} may be missing")
    return problems


class TheSchemas(unittest.TestCase):
    def test_version_1_is_as_it_was_published(self):
        for name in PUBLISHED:
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(read(name))
                self.assertEqual(breaks(name, read(name)), [])

    def test_what_breaks_them_is_found(self):
        for name, members in PUBLISHED.items():
            for place in members:
                for member in members[place]:
                    schema = copy.deepcopy(read(name))
                    at(schema, place)["properties"][member] = {"type": "null"}
                    self.assertNotEqual(breaks(name, schema), [], (name, place, member))
                for member in at(read(name), place)["required"]:
                    schema = copy.deepcopy(read(name))
                    at(schema, place)["required"].remove(member)
                    self.assertNotEqual(breaks(name, schema), [], (name, place, member))


if __name__ == "__main__":
    cli.main()
