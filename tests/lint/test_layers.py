#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Can tests/lint/layers.py fail?

Feeds it a small tree that is right, then the same tree with one violation at a time; each must
be found, and named.  Then the project itself.
"""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import harness  # noqa: E402
import layers  # noqa: E402

HEADERS = ("error", "report", "capture", "render", "value", "plugin", "image", "live")

# A tree without a fault: calls down, names of stdout in a comment and in a string, a table that
# only the loader writes, and the circle that is allowed.
TREE = {
    "capture/base/pool.h": "int pool(void);\n",
    "capture/base/pool.c": '#include "pool.h"\nint pool(void) { return 1; }\n',
    "capture/memory/phys.h": "int phys(void);\n",
    "capture/memory/phys.c": '#include <stdio.h>\n#include "capture/base/pool.h"\n#include "phys.h"\n'
                             "/* stdout, printf(\"x\") */\n"
                             'static const char *const names[] = { "stdout", "printf" };\n'
                             "const char *name(unsigned i);\n"
                             "const char *name(unsigned i) { return names[i % 2]; }\n"
                             "int phys(void) { return pool(); }\n",
    "capture/model/lookup.c": "int scxray_lookup(void);\nint scxray_lookup(void) { return 1; }\n",
    "capture/walk/tasks.c": '#include "capture/memory/phys.h"\nint tasks(void);\nint tasks(void) { return phys(); }\n',
    "capture/map/maps.c": "int maps(void);\nint maps(void) { return 1; }\n",
    "capture/capture.c": "#include <scxray/capture.h>\nint tasks(void);\nint scxray_capture(void);\n"
                         "int scxray_capture(void) { return tasks(); }\n",
    "render/value/value.c": "int scalar(int);\nint value(int);\nint value(int n) { return n ? scalar(n - 1) : 0; }\n",
    "render/value/scalar.c": "int scalar(int);\nint value(int);\nint scalar(int n) { return value(n); }\n",
    "render/text/text.c": "#include <stdio.h>\n#include <scxray/render.h>\nint value(int);\n"
                          'int text(FILE *out);\nint text(FILE *out) { return fprintf(out, "%d\\n", value(1)); }\n',
    "render/json/json.c": "int scxray_lookup(void);\nint json(void);\nint json(void) { return scxray_lookup(); }\n",
    "watch/watch.h": "int watch(void);\n",
    "watch/watch.c": '#include "watch.h"\nint watch(void) { return 1; }\n',
    "vmm-plugin/plugin.c": '#include <scxray/plugin.h>\n#include "watch/watch.h"\nint plugin(void);\n'
                           "int plugin(void) { return watch(); }\n",
    "cli/main.c": "#include <scxray/capture.h>\nint scxray_capture(void);\nint main(void) { return scxray_capture(); }\n",
    "vmm/vm.c": "#include <scxray/plugin.h>\n",
    "tests/unit/all.h": "/* name maps text json plugin f */\n",
    "tests/lint/layers.known": "# let through\ncircle render/value/value render/value/scalar\n",
}
TREE.update({f"include/scxray/{name}.h": f"extern int scxray_h_{name};\n" for name in HEADERS})

LONG = "int f(int);\nint f(int i)\n{" + "\n\ti++;" * 57 + "\n\treturn i;\n}\n"

# (what is said, the file that is named, lines that are added to it)
WRONG = (
    ("capture may not include", "capture/memory/phys.c", "#include <scxray/render.h>"),
    ("capture may not include", "capture/memory/phys.c", '#  include "scxray/value.h"'),
    ("capture may not include", "capture/memory/phys.h", "#include <scxray/plugin.h>"),
    ("render may not include", "render/text/text.c", "#include <scxray/capture.h>"),
    ("vmm may not include", "vmm/vm.c", "#include <scxray/report.h>"),
    ("a layer's own header", "include/scxray/report.h", '#include "capture/memory/phys.h"'),
    ("reaches out", "include/scxray/report.h", '#include "../../capture/memory/phys.h"'),
    ("reaches out", "render/text/text.c", '#include "../../capture/memory/phys.h"'),
    ("render/text -> capture/memory is against", "render/text/text.c", '#include "capture/memory/phys.h"'),
    ("render/text -> capture/memory is against", "render/text/text.c", "#include <capture/memory/phys.h>"),
    ("cli -> capture/memory is against", "cli/main.c", '#include "capture/memory/phys.h"'),
    ("vmm -> watch is against", "vmm/vm.c", '#include "watch/watch.h"'),
    ("capture/base -> capture/memory is against", "capture/base/pool.c", '#include "capture/memory/phys.h"'),
    ("knows no KVM", "capture/memory/phys.c", "#include <linux/kvm.h>"),
    ("knows no KVM", "render/text/text.c", "#include <linux/kvm.h>"),
    ("knows no KVM", "watch/watch.c", "#include <linux/kvm.h>"),
    ("uses printf", "capture/memory/phys.c", 'void say(int i); void say(int i) { printf("%d", i); }'),
    ("uses stderr", "capture/memory/phys.c", 'void say(void); void say(void) { fprintf(stderr, "x"); }'),
    ("uses puts", "render/text/text.c", 'void say(void); void say(void) { puts("x"); }'),
    ("uses libbpf_set_print", "capture/memory/phys.c",
     "void libbpf_set_print(void *); void mute(void); void mute(void) { libbpf_set_print(0); }"),
    ("uses exit", "capture/memory/phys.c", "void exit(int); void end(void); void end(void) { exit(1); }"),
    ("mutable global state: count", "capture/memory/phys.c",
     "int next(void); int next(void) { static int count; return ++count; }"),
    ("mutable global state: seed", "render/text/text.c", "int seed = 3;"),
    ("mutable global state: last", "render/text/text.c", "_Thread_local int last;"),
    ("calls tasks of capture/walk/tasks", "capture/base/pool.c",
     "int tasks(void); int up(void); int up(void) { return tasks(); }"),
    ("calls tasks of capture/walk/tasks", "capture/map/maps.c",
     "int tasks(void); int side(void); int side(void) { return tasks(); }"),
    ("calls json of render/json/json", "render/text/text.c",
     "int json(void); int side(void); int side(void) { return json(); }"),
    ("calls pool of capture/base/pool", "cli/main.c", "int pool(void); int in(void); int in(void) { return pool(); }"),
    ("calls scxray_capture of capture/capture", "render/text/text.c",
     "int scxray_capture(void); int over(void); int over(void) { return scxray_capture(); }"),
    ("calls scxray_capture of capture/capture", "capture/map/maps.c",
     "int scxray_capture(void); int up(void); int up(void) { return scxray_capture(); }"),
    ("no other file uses alone", "capture/map/maps.c", "int alone(void); int alone(void) { return 1; }"),
    ("a function of 61 lines", "cli/main.c", LONG),
    ("401 lines", "cli/main.c", "\n" * (401 - 1 - TREE["cli/main.c"].count("\n"))),
)


def build(tree, where):
    """Writes the tree and compiles its sources; an object stays as long as its source does."""
    root, objects = os.path.join(where, "t"), os.path.join(where, "o")
    shutil.rmtree(root, ignore_errors=True)
    for name, text in tree.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    for name in tree:
        if not name.endswith(".c"):
            continue
        obj, copy = (os.path.join(objects, name[:-2] + end) for end in (".o", ".i"))
        os.makedirs(os.path.dirname(obj), exist_ok=True)
        if os.path.exists(copy) and open(copy, encoding="ascii").read() == tree[name]:
            continue
        subprocess.run(["gcc", "-O1", "-fPIE", f"-I{root}/include", f"-I{root}", "-c", "-o", obj,
                        os.path.join(root, name)], check=True)
        with open(copy, "w", encoding="ascii") as f:
            f.write(tree[name])
    return root, objects


def look(root, objects):
    return subprocess.run([sys.executable, os.path.join(HERE, "layers.py"), root, objects],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def main():
    cases = harness.Cases()
    tmp = harness.scratch()
    ran = look(*build(TREE, tmp.name))
    cases.check(ran.returncode == 0 and f"({sum(n.endswith('.c') for n in TREE)} objects of" in ran.stdout,
                "the right tree", ran.stdout)

    def finds(said, name, tree):
        ran = look(*build(tree, tmp.name))
        cases.check(ran.returncode == 1 and any(said in line and name in line for line in ran.stdout.splitlines()),
                    f"{name}: {said}", ran.stdout)

    for said, name, text in WRONG:
        finds(said, name, {**TREE, name: TREE[name] + text + "\n"})
    finds("circle: render/json/a, render/json/b", "render/json/b", {
        **TREE,
        "render/json/a.c": "int a(int); int b(int); int a(int n) { return n ? b(n - 1) : 0; }\n",
        "render/json/b.c": "int a(int); int b(int); int b(int n) { return a(n); }\n"})
    finds("circle: render/value/scalar, render/value/third, render/value/value", "third -> ", {
        **TREE,
        "render/value/third.c": "int value(int); int third(int); int third(int n) { return value(n); }\n",
        "render/value/value.c": TREE["render/value/value.c"].replace("{", "{ int third(int); n += third(n);")})
    # An entry lets through what it says, and only that; one that lets nothing through is found.
    known = TREE["tests/lint/layers.known"]
    for entry, name, text in (("file cli/main.c\n", "cli/main.c", "\n" * 400), ("function cli/main.c\n", "cli/main.c", LONG)):
        ran = look(*build({**TREE, name: TREE[name] + text, "tests/lint/layers.known": known + entry}, tmp.name))
        cases.check(ran.returncode == 0, f"let through: {entry}", ran.stdout)
        finds("lets nothing through", "layers.known:3: ", {**TREE, "tests/lint/layers.known": known + entry})
    finds("lets nothing through", "layers.known:3: ", {**TREE, "tests/lint/layers.known": known + "file cli/gone.c\n"})
    finds("circle: render/value/scalar, render/value/value", "scalar", {
        **TREE, "tests/lint/layers.known": known.replace("scalar", "scalar render/value/third")})
    finds("has no place", "capture/misc/x.c", {**TREE, "capture/misc/x.c": "extern int x;\n"})

    # What was not looked at has not passed.
    root, objects = build(TREE, tmp.name)
    os.remove(os.path.join(objects, "render/text/text.o"))
    ran = look(root, objects)
    cases.check(ran.returncode == 1 and "text.o: not compiled" in ran.stdout, "an object is missing", ran.stdout)
    shutil.rmtree(objects)
    cases.check(look(root, objects).returncode == 1, "there are no objects")
    cases.check(look(os.path.join(tmp.name, "nowhere"), objects).returncode == 1, "there are no sources")

    if not harness.SANITIZED:  # sanitizers have state of their own in each object
        ran = look(harness.ROOT, harness.BUILD)
        cases.check(ran.returncode == 0, "the project", ran.stdout)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
