"""Makes fingerprint rules that are freed at once."""

from sentry_ophio.fingerprints import FingerprintRules

FingerprintRules.parse("type:A -> a")
