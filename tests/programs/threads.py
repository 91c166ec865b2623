"""Uses shared objects from several threads while one of them closes and extends.

    python threads.py SECONDS

Each thread takes an object of each kind from a table, calls what users call, and compares the
result with those that are possible: rules may have been extended by any number of copies. Another
thread closes the objects and replaces them by new ones, or extends them. No exception but
HandleClosedError may come. Prints how often each call returned, and how often it found the object
closed.
"""

import json
import random
import re
import sys
import threading
import time

from sentry_ophio import codeowners, glob, parameterization, proguard
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace, preview
from sentry_ophio.exceptions import HandleClosedError
from sentry_ophio.fingerprints import FingerprintRules

sys.setswitchinterval(1e-5)

# More than one block of rules: each extension appends these, of its own source.
BASE = "function:main category=c0 -app\npath:**/x/** +app"
MORE = "function:main category=c{} -app"
LONGEST = 20
FRAMES = [dict.fromkeys(FRAME_FIELDS) | {"function": b"main"}]
ERROR = dict.fromkeys(EXCEPTION_FIELDS)
EVENT = {"level": "info", "exception": {"values": [{"type": "A", "value": "v"}]}}
LONG = "a_name_that_has_memory_of_its_own" * 2
MAPPING = f"org.example.{LONG} -> a:\n    1:2:void buy():3:4 -> b\n".encode()


def rules():
    return Enhancements.parse(BASE, Cache(0), source="base")


MAKE = {
    "rules": rules,
    "prints": lambda: FingerprintRules.parse(f"type:A -> {LONG}\nlevel:info -> b"),
    "parameterizer": lambda: parameterization.Parameterizer([(LONG, r"\d+")]),
    "globs": lambda: glob.GlobSet([f"{LONG}*", "b"]),
    "owners": lambda: codeowners.Codeowners.parse(f"*.py @{LONG}"),
    "mapper": lambda: proguard.ProguardMapper.from_bytes(MAPPING),
}
objects = {name: make() for name, make in MAKE.items()}
stop = threading.Event()
faults, counts, closed = [], {}, {}


def check_rules(found):
    """The rules of one moment: the base, then what was appended, each with its line and source."""
    assert [each.line for each in found] == [1, 2] + [1] * (len(found) - 2), found
    assert [each.source for each in found[:2]] == ["base", "base"], found
    for each in found[2:]:
        assert each.source == re.search("category=(c\\d+)", each.text)[1], each


def check_applied(found):
    ((category, in_app),) = found
    assert re.fullmatch("c\\d+", category) and in_app is False, found


def explained(each):
    found = each.explain(FRAMES, ERROR, why_not=(1, 0))
    for step in found.frames[0].steps:
        assert step.source == "base" or f"category={step.source} " in step.text, step


def previewed(each):
    found = preview(each, each, [Stacktrace(FRAMES, ERROR)])
    assert found.stacktraces == 1
    check_rules([each.rule for each in found.old_rules])
    check_rules([each.rule for each in found.new_rules])


def split(each):
    classifier, contributes = each.split()
    assert len(classifier) >= 2 and len(contributes) == 0


def equals(wanted):
    def check(found):
        assert found == wanted, found

    return check


CALLS = {
    ("rules", "rules"): lambda each: check_rules(each.rules),
    ("rules", "apply"): lambda each: check_applied(
        each.apply_modifications_to_frames(FRAMES, ERROR)
    ),
    ("rules", "batch"): lambda each: check_applied(
        each.apply_modifications_to_stacktraces([Stacktrace(FRAMES, ERROR)], threads=2)[0]
    ),
    ("rules", "assemble"): lambda each: each.assemble_stacktrace_component(
        FRAMES, ERROR, [Component()]
    ),
    ("rules", "explain"): explained,
    ("rules", "preview"): previewed,
    ("rules", "split"): split,
    ("rules", "to_text"): lambda each: each.to_text().index("function:main category=c0 -app"),
    ("rules", "reduce"): lambda each: each.__reduce__(),
    ("rules", "equal"): lambda each: each == each.__copy__(),
    ("prints", "match"): lambda each: equals((LONG,))(each.match(EVENT).resolved),
    ("prints", "rules"): lambda each: equals([(LONG,), ("b",)])([r.fingerprint for r in each]),
    ("prints", "explain"): lambda each: equals(0)(each.explain(EVENT).matched),
    ("parameterizer", "parameterize"): lambda each: equals(f"a <{LONG}>")(each.parameterize("a 1")),
    ("parameterizer", "counts"): lambda each: equals({LONG: 1})(each.counts("a 1")),
    ("globs", "matches"): lambda each: equals([0])(each.matches(f"{LONG}x")),
    ("owners", "owners"): lambda each: equals((f"@{LONG}",))(each.owners("a/b.py").owners),
    ("mapper", "class"): lambda each: equals(f"org.example.{LONG}")(each.remap_class("a")),
    ("mapper", "frame"): lambda each: equals(1)(len(each.remap_frame("a", "b", 1))),
}


def call(seed):
    rng = random.Random(seed)
    names = list(CALLS)
    while not stop.is_set():
        name = rng.choice(names)
        try:
            CALLS[name](objects[name[0]])
        except HandleClosedError:
            closed[name] = closed.get(name, 0) + 1
        except Exception as error:  # noqa: BLE001 (any of them is a fault)
            faults.append(f"{name}: {type(error).__name__}: {error}")
        else:
            counts[name] = counts.get(name, 0) + 1


def change(seed):
    rng = random.Random(seed)
    number = 0
    while not stop.is_set():
        name = rng.choice(["rules", "rules", "rules", *MAKE])
        try:
            each = objects[name]
            if name == "rules" and rng.random() < 0.9 and len(each) < LONGEST:
                number += 1
                text = MORE.format(seed * 1_000_000 + number)
                source = f"c{seed * 1_000_000 + number}"
                each.extend_from(Enhancements.parse(text, Cache(0), source=source))
            else:
                objects[name] = MAKE[name]()
                each.close()
        except HandleClosedError:
            closed["change"] = closed.get("change", 0) + 1
        except Exception as error:  # noqa: BLE001 (any of them is a fault)
            faults.append(f"change {name}: {type(error).__name__}: {error}")


def main():
    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    threads += [threading.Thread(target=change, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    time.sleep(float(sys.argv[1]))
    stop.set()
    for thread in threads:
        thread.join()
    told = {" ".join(name): count for name, count in counts.items()}
    found = sum(closed.values())
    sys.stdout.write(json.dumps({"calls": told, "closed": found, "faults": faults[:20]}))


main()
