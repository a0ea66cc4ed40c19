#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page in a real browser: what it shows, how it is worked, what it lets through.

    tests/html/page.py [--pictures FOLDER] [--counts FILE]     (make check-html)
"""

import argparse
import json
import os
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402
from browser import Browser  # noqa: E402
from pages import harness  # noqa: E402

NASTY = ["</script><script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "javascript:window.pwned=1",
         "\x1b[31mred\x07", "\u202eevil\u202c", "\"'`${window.pwned=1}", "&lt;b&gt;", "<!--", "]]>", "\u2028x"]

# For each text on the page: its contrast with what is painted behind it, the lowest first.
CONTRAST = """
const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return c.startsWith("color(") ? [m[0]*255, m[1]*255, m[2]*255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1]; };
const lum = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126*f(r) + .7152*f(g) + .0722*f(b); };
const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
const behind = (e) => { const layers = []; for (; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor)); return layers.reverse().reduce((a, c) => over(c, a), [255, 255, 255, 1]); };
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
for (let n; (n = walker.nextNode()); ) {
	const e = n.parentElement;
	if (!n.textContent.trim() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName) || !e.getClientRects().length) continue;
	const bg = behind(e), fg = over([...parse(getComputedStyle(e).color).slice(0, 3), parse(getComputedStyle(e).color)[3] * [...(function*(){for(let p=e;p;p=p.parentElement)yield Number(getComputedStyle(p).opacity)})()].reduce((a,b)=>a*b,1)], bg);
	const [a, b] = [lum(fg), lum(bg)].sort((x, y) => y - x);
	found.push([(a + .05) / (b + .05), n.textContent.trim().slice(0, 40), e.className]);
}
return found.sort((a, b) => a[0] - b[0]).slice(0, 5);
"""

# Controls without a name, ids given twice, links to nowhere, headings that leave out a level, a missing language.
UNNAMED = """
const bad = [];
for (const e of document.querySelectorAll("a,button,input,summary,[role=table],[tabindex='0']")) {
	const name = e.getAttribute("aria-label") ?? e.textContent.trim();
	if (!name) bad.push("no name: " + e.outerHTML.slice(0, 80));
	if (e.tagName === "A" && e.hash && !document.getElementById(decodeURIComponent(e.hash.slice(1))) && !e.closest(".skip"))
		if (!e.hash.startsWith("#task-")) bad.push("leads nowhere: " + e.hash);
}
const ids = new Set();
for (const e of document.querySelectorAll("[id]")) { if (ids.has(e.id)) bad.push("twice: " + e.id); ids.add(e.id); }
let level = 0;
for (const h of document.querySelectorAll("h1,h2,h3,h4")) { const l = Number(h.tagName[1]); if (l > level + 1) bad.push("heading leaves out a level: " + h.textContent.slice(0, 40)); level = l; }
for (const s of document.querySelectorAll("section")) if (!document.getElementById(s.getAttribute("aria-labelledby"))) bad.push("section without a title");
if (!document.documentElement.lang) bad.push("no language");
return bad.slice(0, 10);
"""


def quiet(cases, browser, what, path):
    """No message in the console, nothing asked for but the page."""
    log = browser.log()
    cases.check(not log, f"{what}: the console is empty", log)
    asked = [u for u in browser.requests() if not u.startswith(("chrome:", "data:"))]
    cases.check(asked == ["file://" + os.path.abspath(path)], f"{what}: nothing is loaded but the page", asked)


def open_page(cases, browser, report, path, what):
    browser.log(), browser.requests()
    ran = pages.page_of(report, path)
    ok = cases.check(ran.status == 0, f"{what}: the page is written", ran)
    ready = browser.open(path) if ok else "no page"
    cases.check(ready == "yes", f"{what}: the page builds itself", browser.run("return document.body.innerText") if ok else "")
    quiet(cases, browser, what, path)
    return ready == "yes"


def check_content(cases, browser, report, name):
    """What is on the page is what the report says."""
    late = report["late"]
    lead = browser.run("return document.querySelector('.lead').textContent")
    cases.check(lead == report["diagnosis"][0]["text"], f"{name}: the first finding comes first", lead)
    for dsq in (d for d in late["dsq_states"] if d.get("tasks")):
        order = browser.run("return [...document.getElementById(arguments[0]).querySelectorAll('li')].map(e => e.textContent.split(' ')[0])",
                            "dsq-" + dsq["dsq_kva"])
        want = [f"{t['comm']}[{t['pid']}]".split(" ")[0] for t in dsq["tasks"][:24]]
        cases.check(order == want, f"{name}: {dsq['origin']} {dsq['id']:#x}: its tasks in their order", (order, want))
    for rq in late["rq_scx_states"]:
        lane = browser.run("return document.getElementById(arguments[0]).lastChild.textContent", f"cpu-{rq['cpu']}")
        shown = "idle" if rq["curr_class"] == "idle" else f"{rq['curr_comm']}[{rq['curr_pid']}]"
        cases.check(lane.startswith(shown), f"{name}: CPU {rq['cpu']} runs {shown}", lane)
    stuck = [t for t in report["diff"]["not_moved"] if t["group"] == "tasks"]
    oldest = max((t for t in late["task_enrichments"] if t["pid"] in {s["pid"] for s in stuck} and isinstance(t.get("runnable_age_ms"), int)),
                 key=lambda t: t["runnable_age_ms"])
    cards = browser.run("return [...document.querySelectorAll('#stalled .card h3')].map(e => e.textContent)")
    cases.check(cards and cards[0].startswith(f"{oldest['comm']}[{oldest['pid']}]"), f"{name}: the longest stalled task has the first card", cards)


def rows_of(browser, label):
    return browser.run("return [...document.querySelectorAll('[aria-label=\"'+arguments[0]+'\"] .tbody .tr')].map(e => e.firstChild.textContent)", label)


def check_tables(cases, browser, report, path):
    """Search, sort, fold, links, the keyboard."""
    tasks = report["late"]["task_enrichments"]
    browser.run("const i = document.querySelector('[aria-label=\"Search in tasks\"]'); i.value = arguments[0]; i.dispatchEvent(new Event('input'))", "victim")
    found = rows_of(browser, "tasks")
    want = sorted(f"{t['comm']}[{t['pid']}]" for t in tasks if t["comm"].startswith("victim"))
    cases.check(sorted(found) == want, "search: the tasks with that word", (found, want))
    browser.run("const i = document.querySelector('[aria-label=\"Search in tasks\"]'); i.value = ''; i.dispatchEvent(new Event('input'))")
    head = "[...document.querySelectorAll('#tasks [role=columnheader]')].find(e => e.textContent === 'weight')"
    browser.run(f"{head}.querySelector('button').click()")
    most = max(t["weight"] for t in tasks)
    first = rows_of(browser, "tasks")[0]
    cases.check(first in {f"{t['comm']}[{t['pid']}]" for t in tasks if t["weight"] == most}, "sort: the greatest weight first", first)
    cases.check(browser.run(f"return {head}.getAttribute('aria-sort')") == "descending", "sort: the column says so")
    named = next(m for m in report["late"]["maps"] if m.get("entries"))
    browser.run("goToMap = document.getElementById(arguments[0]); goToMap.open = true", "map-" + named["map_kva"])
    cases.check(len(rows_of(browser, "entries of " + named["name"])) > 0, "fold: a map shows its entries when it is opened")
    browser.run("document.querySelector('.lead a, .finding a').click()")
    focus = browser.run("return document.activeElement.id")
    cases.check(focus.startswith(("task-", "dsq-")), "a link moves the focus to the thing it names", focus)
    # each link to a task leads to that task, be it a card or a row that is made when it is asked for
    led = browser.run("""const seen = [];
for (const a of [...document.querySelectorAll("a[href^='#task-']")].slice(0, 40)) {
	const name = a.textContent;
	a.click();
	seen.push([name, document.activeElement.textContent.startsWith(name)]);
}
return seen;""")
    cases.check(led and all(ok for _, ok in led), "links to tasks lead to them", [n for n, ok in led if not ok])
    browser.run("document.querySelector('#tasks .tr[data-i]').focus()")
    browser.keys("\ue007")
    cases.check(browser.run("return document.querySelector('#tasks .detail h3')?.textContent ?? ''") != "", "Enter on a row opens the task")
    browser.open(path)  # from the top: no fragment, no focus
    browser.keys("\ue004")
    cases.check(browser.run("return document.activeElement.className") == "skip", "Tab comes to the skip link first")
    order = browser.run("""return [...document.querySelectorAll("[tabindex]")].filter(e => e.tabIndex > 0).length""")
    cases.check(order == 0, "the focus follows the page's order")


def check_looks(cases, browser, name, folder):
    """Wide and narrow, dark and light, on paper."""
    cases.check(not (bad := browser.run(UNNAMED)), f"{name}: names, ids, headings", bad)
    for width in (390, 1024, 1920):
        for dark in (False, True):
            browser.look(width, 1400, dark)
            what = f"{name}, {width} px, {'dark' if dark else 'light'}"
            wide = browser.run("return document.documentElement.scrollWidth - innerWidth")
            cases.check(wide <= 0, f"{what}: nothing is wider than the window", wide)
            worst = browser.run(CONTRAST)
            cases.check(worst and worst[0][0] >= 4.5, f"{what}: contrast", worst)
            if folder:
                browser.run("scrollTo(0, 0)")
                browser.screenshot(os.path.join(folder, f"{name}-{width}-{'dark' if dark else 'light'}.png"))
    browser.look(800, 1100, False, "print")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    shown = browser.run("return [getComputedStyle(document.querySelector('nav')).display, document.querySelectorAll('#tasks .tbody .tr').length]")
    cases.check(shown[0] == "none" and shown[1] > 40, f"{name}, print: no navigation, all rows", shown)
    if folder:
        browser.screenshot(os.path.join(folder, f"{name}-print.png"))
    browser.run("dispatchEvent(new Event('afterprint'))")
    browser.look(1024, 900)


def renamed(value, names):
    """The same report with nasty texts in the place of every name."""
    if isinstance(value, dict):
        return {k: (names[zlib.crc32(f"{k} {v}".encode()) % len(names)] if k in ("comm", "name", "curr_comm", "text", "msg", "reason", "cgroup_path", "owner", "variant", "symbol")
                    and isinstance(v, str) else renamed(v, names)) for k, v in value.items()}
    if isinstance(value, list):
        return [renamed(v, names) for v in value]
    return value


def check_hostile(cases, browser, report, folder):
    path = os.path.join(folder, "nasty.html")
    if not open_page(cases, browser, renamed(report, NASTY), path, "hostile names"):
        return
    browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
    state = browser.run("return [window.pwned ?? 0, document.querySelectorAll('img,iframe,object,embed,form,base,main script').length, "
                        "[...document.querySelectorAll('a')].filter(a => !a.getAttribute('href').startsWith('#')).length]")
    cases.check(state == [0, 0, 0], "hostile names: nothing runs, nothing is made of them", state)
    cases.check("<img src=x onerror=" in browser.run("return document.body.textContent"), "hostile names: they are shown as they are")
    cases.check(not browser.log(), "hostile names: the console is empty")
    html = pages.read(path).replace("</head>", "<script>window.pwned=1</script></head>")
    with open(path, "w", encoding="utf-8") as f:
        f.write(html)
    browser.open(path)
    cases.check(browser.run("return window.pwned ?? 0") == 0, "another script in the file does not run")
    browser.log()


def check_large(cases, browser, report, folder):
    """10 000 tasks and a map of 100 000 entries: only the rows in view are there."""
    late = report["late"]
    task = late["task_enrichments"][0]
    late["task_enrichments"] = [{**task, "pid": 1000 + i, "task_kva": f"0x{0xffff888000000000 + i * 64:x}"} for i in range(10000)]
    entry = next(m for m in late["maps"] if m.get("entries"))
    entry["entries"] = [{"key": {"kind": "uint", "bits": 32, "value": i}, "value": entry["entries"][0]["value"]} for i in range(100000)]
    path = os.path.join(folder, "large.html")
    if not open_page(cases, browser, report, path, "large"):
        return
    browser.run("document.getElementById(arguments[0]).open = true", "map-" + entry["map_kva"])
    for label, last in (("tasks", "[10999]"), ("entries of " + entry["name"], "99999")):
        rows = browser.run("return document.querySelectorAll('[aria-label=\"'+arguments[0]+'\"] .tbody .tr').length", label)
        cases.check(0 < rows < 100, f"large: {label}: only the rows in view are made", rows)
        browser.run("const v = document.querySelector('[aria-label=\"'+arguments[0]+'\"]'); v.scrollTop = v.scrollHeight; v.dispatchEvent(new Event('scroll'))", label)
        cases.check(any(last in r for r in rows_of(browser, label)), f"large: {label}: the last row comes by scrolling", rows_of(browser, label)[-2:])
    cases.check(browser.run("return document.querySelectorAll('*').length") < 20000, "large: the page stays small")


def readme_pictures(folder):
    """The two pictures of the README: the newest bundled pair, light and dark."""
    half, error = harness.core_pairs()[-1]
    browser = Browser()
    try:
        with harness.scratch() as scratch:
            path = os.path.join(scratch, "report.html")
            pages.page_of(pages.json_of("--early", half, error), path)
            for name, width, height, dark in (("page-light", 1100, 780, False), ("page-dark", 1100, 780, True)):
                browser.look(width, height, dark)
                browser.open(path)
                if dark:
                    browser.run("document.getElementById('queues').scrollIntoView()")
                browser.screenshot(os.path.join(folder, name + ".png"))
    finally:
        browser.close()
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", help="a folder for pictures of all widths")
    parser.add_argument("--counts", help="also write 'passed failed' to this file")
    parser.add_argument("--readme", help="only write the README's pictures to this folder")
    options = parser.parse_args()
    folder = options.pictures
    if options.readme:
        return readme_pictures(options.readme)
    if folder:
        os.makedirs(folder, exist_ok=True)
    cases = harness.Cases()
    harness.need_cores(cases)
    browser = Browser()
    try:
        with harness.scratch() as scratch:
            for half, error in harness.core_pairs():
                name = harness.core_name(error)
                report = pages.json_of("--early", half, error)
                if open_page(cases, browser, report, os.path.join(scratch, name + ".html"), name):
                    check_content(cases, browser, report, name)
            check_tables(cases, browser, report, os.path.join(scratch, name + ".html"))
            browser.open(os.path.join(scratch, name + ".html"))
            check_looks(cases, browser, name, folder)
            for half, error in harness.core_pairs()[:1]:
                open_page(cases, browser, pages.json_of(error), os.path.join(scratch, "single.html"), "a single report")
            open_page(cases, browser, {"schema": "degraded", "schema_version": 2, "reason": "vCPU rendezvous timed out", "late": {"vcpu_regs": [None]}}, os.path.join(scratch, "d.html"), "a degraded report")
            check_hostile(cases, browser, json.loads(json.dumps(report)), scratch)
            check_large(cases, browser, report, scratch)
    finally:
        browser.close()
    if options.counts:
        with open(options.counts, "w", encoding="ascii") as f:
            f.write(f"{cases.passed} {cases.failed}\n")
    print(f"{cases.passed} passed, {cases.failed} failed")
    return 1 if cases.failed else 0


if __name__ == "__main__":
    sys.exit(main())
