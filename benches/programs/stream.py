"""Applies the default rules to a Parquet file, batch by batch; without a file, imports only.

python stream.py [FILE]
"""

import sys

import pyarrow.parquet as pq

from sentry_ophio import arrow

if sys.argv[1:]:
    from sentry_ophio.enhancers import Enhancements

    rules = Enhancements.default()
    for batch in pq.ParquetFile(sys.argv[1]).iter_batches(batch_size=4_096):
        arrow.apply(rules, batch)
