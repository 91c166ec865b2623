"""Extends rules by themselves, which the published package cannot."""

from sentry_ophio.enhancers import Cache, Enhancements

rules = Enhancements.parse("path:a +app", Cache(0))
rules.extend_from(rules)
