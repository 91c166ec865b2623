"""Forks while three threads make calls; each child uses everything at once.

python fork.py FORKS
"""

import os, signal, sys, threading
from sentry_ophio import codeowners, glob
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace
from sentry_ophio.proguard import ProguardMapper

cache = Cache(20)
rules = Enhancements.parse("function:main -app", cache)
owners = codeowners.Codeowners.parse("*.py @a")
globs = glob.GlobSet(["a", "*.py", "[ab]*.c"])
mapper = ProguardMapper.from_bytes(b"org.A -> a:\n    1:2:void m(int):3:4 -> b\n")
frames = [dict.fromkeys(FRAME_FIELDS) | {"function": b"main"}]
error = dict.fromkeys(EXCEPTION_FIELDS)
done = False


def use(n):
    assert rules.apply_modifications_to_frames(frames, error)[0][1] is False
    rules.assemble_stacktrace_component(frames, error, [Component()])
    Enhancements.parse(f"function:f{n % 40} -app", cache)
    rules.extend_from(Enhancements.parse("app:no -group", cache))
    assert glob.is_glob_match("a.py", f"*.{'p' * (n % 9)}y") == (n % 9 == 1)
    assert codeowners.is_codeowners_path_match(b"a/b.py", "*.py")
    assert owners.owners("a/b.py").owners
    assert list(globs.matches("a.py")) == [1]
    assert Stacktrace(frames, error).apply(rules)[0][1] is False
    assert rules.apply_modifications_to_stacktraces([Stacktrace(frames, error)] * 40, threads=2)
    again = Enhancements.from_base64(rules.split()[0].to_base64(), cache)
    assert Enhancements.from_config_structure(again.to_config_structure(), cache) == again
    assert len(mapper.remap_frame("a", "b", 1)) == 1
    assert len(mapper.remap_frame("a", "b", 0, "int")) == 1
    assert mapper.uuid
    try:
        Enhancements.parse("nonsense", cache)
    except RuntimeError:
        pass


def work():
    n = 0
    while not done:
        n += 1
        use(n)
        if len(rules) > 500:
            return


threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
for n in range(int(sys.argv[1])):
    threads = [
        thread if thread.is_alive() else threading.Thread(target=work, daemon=True)
        for thread in threads
    ]
    if len(rules) > 400:
        rules = Enhancements.parse("function:main -app", cache)
    for thread in threads:
        if thread.ident is None:
            thread.start()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that waits
        try:
            use(n)
        except BaseException:
            os._exit(3)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        print(f"child {n} ended with {status}")
        os._exit(1)
done = True
print("all children ended")
os._exit(0)
