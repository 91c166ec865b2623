"""Answers questions about mappings with the package symbolic. Run by its Python.

Reads JSON from standard input: the path of a mapping, whether to index parameters, and
queries; writes the answers, as JSON.
"""

from __future__ import annotations

import json
import sys

from symbolic.proguard import ProguardMapper  # type: ignore[import-not-found, unused-ignore]

case = json.load(sys.stdin)
mapper = ProguardMapper.open(case["path"], case["parameters"])
json.dump(
    {
        "uuid": str(mapper.uuid),
        "has_line_info": mapper.has_line_info,
        "classes": [mapper.remap_class(klass) for klass in case["classes"]],
        "methods": [mapper.remap_method(*method) for method in case["methods"]],
        "frames": [
            [[f.class_name, f.method, f.file, f.line] for f in mapper.remap_frame(*frame)]
            for frame in case["frames"]
        ],
    },
    sys.stdout,
)
