"""The page of `sentry-ophio studio`: edit rules, and see at once what they would do.

    events  --read once-->  Events      what matching needs, packed
    file    --read, saved-> RulesFile   the text on disk, and its version
    edit    -------------->  Answers    problems, then a chosen event, then all events, then issues
    browser <-- HTTP ----->  app        one page, for one user on this machine

`_app` is the server, and needs the packages of the extra `studio`. The other modules do not: they
compute what the page shows.

The files in `static/` are the page. `codemirror.js` is made by `make studio-assets` from the
packages of `tools/studio/package-lock.json`; `codemirror.LICENSE.txt` has their licences.
"""
