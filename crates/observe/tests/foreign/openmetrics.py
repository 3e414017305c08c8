"""Parses OpenMetrics text with the parser of the Prometheus project and tells what it read.

One line of JSON for each sample: name, labels, value, and the kind of its family. Fails on text
that is not OpenMetrics.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(json.dumps([family.type, family.unit, sample.name, sample.labels, float(sample.value)]))
