"""What a service does with a stack trace before it groups an event, in plain Python.

`process` makes match frames, applies the classifier rules, writes the changes into the frames,
makes match frames again, assembles the components of both variants, and combines the hints. The
rule sets can be those of the published package. docs/sentry.md describes each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from match_frames_reference import match_exception, match_frames

from sentry_ophio.enhancers import Component, Enhancements

if TYPE_CHECKING:
    from collections.abc import Collection

Outcome = tuple[Optional[bool], Optional[str]]


class Variant(NamedTuple):
    """What rules do to one variant of a stack trace."""

    contributes: bool
    hint: str | None
    frames: list[Outcome]


def merged(*parts: Enhancements) -> Enhancements:
    """Make a rule set of others, as a service does for each event."""
    rules = Enhancements.empty()
    for part in parts:
        rules.extend_from(part)
    return rules


def process(  # noqa: PLR0913, PLR0917 (a service passes as much)
    frames: list[dict[str, Any]],
    platform: str | None,
    exception: dict[str, Any] | None,
    classifier: Enhancements,
    contributes: Enhancements,
    own: Collection[str],
) -> tuple[Variant, Variant]:
    """Run rules on a stack trace, and return the app and the system variant.

    Args:
        frames: The frames of the event; changes are written into them.
        platform: The event's platform.
        exception: The event's exception.
        classifier: The rules that change frames.
        contributes: The rules that decide whether a frame counts.
        own: The texts of the rules of the project.
    """
    data = match_exception(exception)
    classify(frames, platform, data, classifier)
    matched = match_frames(frames, platform)
    app = [Component(contributes=bool(frame.get("in_app"))) for frame in frames]
    system = [Component(contributes=True) for _ in frames]
    in_app = [Component(contributes=None) for _ in frames]
    classifier.assemble_stacktrace_component(matched, data, in_app)
    without = [{**frame, "orig_in_app": None} for frame in matched]
    of_app = contributes.assemble_stacktrace_component(without, data, app)
    of_system = contributes.assemble_stacktrace_component(without, data, system)
    app_frames: list[Outcome] = [
        (
            bool(component.contributes and frame.get("in_app")),
            app_hint(frame, about, component, own),
        )
        for frame, about, component in zip(frames, in_app, app)
    ]
    system_frames = [
        (component.contributes, named(counting(component.hint), own)) for component in system
    ]
    return (
        Variant(of_app.contributes, stacktrace_hint(of_app.hint, own), app_frames),
        Variant(of_system.contributes, stacktrace_hint(of_system.hint, own), system_frames),
    )


def classify(
    frames: list[dict[str, Any]],
    platform: str | None,
    data: dict[str, Any],
    classifier: Enhancements,
) -> None:
    """Apply rules, and write what they change into the frames."""
    found = classifier.apply_modifications_to_frames(match_frames(frames, platform), data)
    for frame, (category, in_app) in zip(frames, found):
        before = frame.get("in_app")
        if in_app is not None and in_app != before:
            own_data = frame["data"] = frame.get("data") or {}
            own_data.setdefault("orig_in_app", -1 if before is None else int(before))
            frame["in_app"] = in_app
        if category is not None:
            own_data = frame["data"] = frame.get("data") or {}
            own_data["category"] = category


def counting(hint: str | None) -> str | None:
    """Return a hint about counting, and no other."""
    return hint if hint and "ignored" in hint else None


def app_hint(
    frame: dict[str, Any], about: Component, component: Component, own: Collection[str]
) -> str | None:
    """Combine the hints of a frame of the app variant."""
    in_app = bool(frame.get("in_app"))
    hint = about.hint if about.hint and "ignored" not in about.hint else None
    client = (frame.get("data") or {}).get("client_in_app")
    if client is not None and client == frame.get("in_app"):
        hint = f"marked {'in-app' if client else 'out of app'} by the client"
    elif hint is None and not in_app:
        hint = "non app frame"
    hint = named(hint, own)
    more = named(counting(component.hint), own) if in_app else None
    if hint and more:
        return f"{hint}{' and ' if component.contributes else ' but '}{more}"
    return hint or more


def named(hint: str | None, own: Collection[str]) -> str | None:
    """Say whose rule it is."""
    if hint is None or " by stack trace rule (" not in hint:
        return hint
    before, _, rule = hint.partition(" by stack trace rule (")
    kind = "custom" if rule[:-1] in own else "built-in"
    return f"{before} by {kind} stacktrace rule ({rule}"


def stacktrace_hint(hint: str | None, own: Collection[str]) -> str | None:
    """Say whose rule it is, in the words that are used for a whole stack trace."""
    hint = named(hint, own)
    return hint and hint.replace("stack trace", "stacktrace")
