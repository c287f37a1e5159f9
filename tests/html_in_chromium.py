"""Opens HTML reports in a headless Chromium and uses them: filters, folds, searches, prints, and names that want to be more.

    DRIFTGATE=target/debug/driftgate python3 tests/html_in_chromium.py [SCREENSHOTS]
    python3 tests/html_in_chromium.py --pages FOLDER

The second opens each page in a folder and looks whether it is quiet and fits, as `tests/validity.rs` asks. Writes a screenshot of the demo in both colour schemes, at desktop and phone width, into the folder SCREENSHOTS where one is given.
Where there is no Chromium (CHROMIUM names it; else it is looked for), it says so and ends with 0: nothing was tried then. Times are
printed and not judged.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = str(pathlib.Path(os.environ.get("DRIFTGATE", "target/debug/driftgate")).resolve())
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]


def starts(program):
    """A package of a distribution may be a note that the browser is elsewhere."""
    return program and subprocess.run([program, "--version"], capture_output=True).returncode == 0


CHROMIUM = os.environ.get("CHROMIUM") or next(filter(starts, map(shutil.which, NAMES)), None)


class Browser:
    """A headless Chromium, spoken to through its pipe: JSON, with a NUL at each end."""

    def __init__(self, profile):
        read_by_it, to_it = os.pipe()
        from_it, written_by_it = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        command = f'exec "$0" "$@" 3<&{read_by_it} 4>&{written_by_it}'
        self.process = subprocess.Popen(
            ["bash", "-c", command, CHROMIUM, *flags], pass_fds=(read_by_it, written_by_it),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(read_by_it)
        os.close(written_by_it)
        self.to_it, self.from_it, self.number, self.rest = to_it, from_it, 0, b""
        self.session, self.events = None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")

    def read(self):
        while b"\0" not in self.rest:
            piece = os.read(self.from_it, 1 << 20)
            if not piece:
                raise SystemExit("Chromium is gone")
            self.rest += piece
        one, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(one)
        if message.get("method") == "Page.javascriptDialogOpening":
            # It would wait for an answer.
            self.send("Page.handleJavaScriptDialog", accept=True)
        return message

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to_it, data):]
        return self.number

    def call(self, method, **parameters):
        number = self.send(method, **parameters)
        while True:
            message = self.read()
            if message.get("id") != number:
                self.events.append(message)
            elif "error" in message:
                raise SystemExit(f"{method}: {message['error']}")
            else:
                return message["result"]

    def open(self, page, width=1280, height=900, scheme="light", scripts=True):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        start = time.time()
        self.call("Page.navigate", url=pathlib.Path(page).resolve().as_uri())
        while not self.of("Page.loadEventFired"):
            self.events.append(self.read())
        return time.time() - start

    def of(self, *methods):
        return [event for event in self.events if event.get("method") in methods]

    def js(self, text):
        result = self.call("Runtime.evaluate", expression=text, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(f"{text}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def key(self, key):
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, text="\r" if key == "Enter" and kind == "keyDown" else "")

    def screenshot(self, to):
        to.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        # Its helpers write into the profile for a while after it has gone, so that they go with it.
        for how in [signal.SIGTERM, signal.SIGKILL]:
            try:
                os.killpg(self.process.pid, how)
            except ProcessLookupError:
                pass
            self.process.wait()


failed = []


def holds(what, is_so):
    print(f"{'ok' if is_so else 'NOT SO'}: {what}")
    if not is_so:
        failed.append(what)


def same(what, found, expected):
    holds(f"{what}: {found!r}" + ("" if found == expected else f", expected {expected!r}"), found == expected)


def quiet(browser, what):
    trouble = browser.of("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening", "Runtime.consoleAPICalled")
    holds(f"{what}: nothing is thrown, logged or alerted {[event['params'] for event in trouble] or ''}", not trouble)
    loaded = [event["params"]["request"]["url"] for event in browser.of("Network.requestWillBeSent")]
    holds(f"{what}: nothing is loaded but the page {loaded[1:] or ''}", len(loaded) == 1 and loaded[0].startswith("file:"))


SHOWN = "document.getElementById('shown').textContent"
SET = """(async (by, value) => {
  const control = document.querySelector(`[data-by=${by}]`);
  if (control.tagName === 'SELECT') {
    value = Array.from(control.options).find((option) => option.textContent === value).value;
  }
  const start = performance.now();
  control.value = value;
  control.dispatchEvent(new Event('input', {bubbles: true}));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return Math.round(performance.now() - start);
})"""
RESET = """(async () => {
  document.querySelector('[data-do=reset]').click();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
})()"""
SEEN = """((query) => Array.from(document.querySelectorAll(query)).filter((one) => one.checkVisibility() && getComputedStyle(one).display !== 'none').length)"""


def filters(browser, page):
    browser.open(page)
    quiet(browser, "the demo")
    whole = browser.js(SHOWN)
    same("all is shown", whole, "Shown: 35 of 35 findings, 1 of 1 waived, 35 of 35 changes")
    same("families are folded", browser.js(f"{SEEN}('tr.change')"), 5)
    browser.js("document.querySelector('.unfold').click()")
    holds("a family opens", browser.js(f"{SEEN}('tr.change')") > 5)
    browser.js("document.querySelector('.unfold').click()")
    browser.js(f"{SET}('text', 'CuBLAS cu12')")
    same("by text", browser.js(SHOWN), "Shown: 1 of 35 findings, 0 of 1 waived, 1 of 35 changes")
    same("what is found in a family is seen", browser.js(f"{SEEN}('tr.change')"), 1)
    holds("what is found under another finding is seen", browser.js(f"{SEEN}('.with .finding')") == 1)
    browser.js(RESET)
    same("reset", browser.js(SHOWN), whole)
    for by, value, expected in [
        ("level", "error", "Shown: 19 of 35 findings, 1 of 1 waived, 35 of 35 changes"),
        ("kind", "removed", "Shown: 15 of 35 findings, 0 of 1 waived, 15 of 35 changes"),
        ("ecosystem", "npm", "Shown: 0 of 35 findings, 0 of 1 waived, 1 of 35 changes"),
        ("subject", "web/package-lock.json", "Shown: 0 of 35 findings, 0 of 1 waived, 1 of 35 changes"),
    ]:
        browser.js(f"{SET}('{by}', '{value}')")
        same(f"by {by}", browser.js(SHOWN), expected)
        browser.js(RESET)


def graph(browser, page):
    browser.open(page)
    whole = browser.js(f"{SEEN}('.node')")
    browser.js("document.querySelector('.node').focus()")
    for _ in range(2):
        browser.key("ArrowRight")
    holds("arrows go to what is required", browser.js("document.activeElement.getAttribute('aria-label')").startswith("torch "))
    way = browser.js("document.getElementById('way').textContent")
    holds(f"the way is told: {way}", way.startswith("inference-api → sentence-transformers → torch upgraded"))
    same("the way is drawn", browser.js("document.querySelectorAll('.edge.on').length"), 2)
    browser.key("Enter")
    folded = browser.js(f"{SEEN}('.node')")
    holds(f"Enter folds: {folded} of {whole} components", folded < whole - 20)
    same("it says so", browser.js("document.activeElement.getAttribute('aria-expanded')"), "false")
    browser.js("""(() => { const find = document.getElementById('find'); find.value = 'nvjitlink';
      find.dispatchEvent(new Event('input', {bubbles: true})); find.focus(); })()""")
    same("search marks", browser.js("document.querySelectorAll('.node.hit').length"), 2)
    browser.key("Enter")
    same("search unfolds", browser.js(f"{SEEN}('.node')"), whole)
    quiet(browser, "the graph")


def without_script(browser, page):
    browser.open(page, scripts=False)
    same("without a script all changes are there", browser.js(f"{SEEN}('tr.change')"), 35)
    same("and no control that does nothing", browser.js(f"{SEEN}('input, select, [data-do]')"), 0)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def looks(browser, page, folder):
    grounds = {}
    for scheme in ["light", "dark"]:
        for width, height in [(1280, 3000), (375, 5000)]:
            browser.open(page, width, height, scheme)
            wide = browser.js("document.documentElement.scrollWidth")
            holds(f"{scheme}, {width}: no wider than the screen ({wide})", wide <= width)
            grounds[scheme] = browser.js("getComputedStyle(document.body).backgroundColor")
            if folder:
                browser.screenshot(folder / f"{scheme}-{width}.png")
    cells = "Array.from(document.querySelector('tr.change').children, (cell) => cell.getBoundingClientRect().width)"
    for width in range(350, 1500, 50):
        browser.open(page, width)
        narrowest = browser.js(f"Math.min(...{cells})")
        if narrowest < 50:
            holds(f"each column has room at {width}: {narrowest}", False)
    holds(f"light is not dark: {grounds}", grounds["light"] != grounds["dark"])
    browser.open(page)
    browser.call("Emulation.setEmulatedMedia", media="print")
    same("printed, all changes are there", browser.js(f"{SEEN}('tr.change')"), 35)
    same("and no control", browser.js(f"{SEEN}('input, select, [data-do]')"), 0)
    pdf = base64.b64decode(browser.call("Page.printToPDF")["data"])
    pages = pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page/") + pdf.count(b"/Type /Page ")
    holds(f"it prints: {pages} pages", pages > 3)
    same("what was printed open is closed again", browser.js("document.querySelectorAll('.with[open]').length"), 0)
    if folder:
        (folder / "print.pdf").write_bytes(pdf)


EVIL = ["x" * 190, "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus=alert(1) autofocus x='", "]]><svg onload=alert(1)>",
        "</style></script><script>alert(1)</script>", "&lt;script&gt;", "javascript:alert(1)"]


def lock(names, version):
    packages = {"": {"name": EVIL[1], "version": "1.0.0", "dependencies": {name: "*" for name in names}}}
    for name in names:
        packages[f"node_modules/{name}"] = {"version": version, "license": EVIL[2], "resolved": f"https://mirror.example/{name}.tgz"}
    return json.dumps({"name": "web", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}, indent=1)


def compare(folder, name, old, new):
    for side, text in [("old", old), ("new", new)]:
        (folder / name / side).mkdir(parents=True)
        (folder / name / side / "package-lock.json").write_text(text)
    page = folder / f"{name}.html"
    run = subprocess.run([PROGRAM, "diff", "old", "new", "--format", f"html={page}"], cwd=folder / name, capture_output=True)
    if not page.exists():
        raise SystemExit(run.stderr.decode())
    return page


def hostile(browser, folder):
    page = compare(folder, "evil", lock(EVIL, "1.0.0<b>"), lock(EVIL, "2.0.0\"onclick=alert(1)"))
    browser.open(page)
    browser.js("document.querySelector('[data-do=open]').click()")
    browser.js(f"{SET}('text', 'alert')")
    browser.js("document.querySelectorAll('.node').forEach((node) => node.focus())")
    quiet(browser, "names that are markup")
    same("no element of theirs", browser.js("document.querySelectorAll('img, b b, h1 b, [onclick], [onfocus], svg svg').length"), 0)
    same("one script, ours", browser.js("document.querySelectorAll('script').length"), 1)
    holds("they are text", "<script>alert(1)</script>" in browser.js("document.body.innerText"))
    browser.open(page, 375)
    wide = browser.js("document.documentElement.scrollWidth")
    holds(f"they widen no phone ({wide})", wide <= 375)
    # Were there a hole, the policy of the page would hold.
    through = folder / "through.html"
    markup = "<main><script>alert(1)</script><img src='x' onerror='alert(1)'><a id='bad' href='javascript:alert(1)'>x</a>"
    through.write_text(page.read_text().replace("<main", f"{markup}<main", 1))
    browser.open(through)
    browser.js("document.getElementById('bad').click()")
    time.sleep(0.3)
    browser.js("1")
    same("markup that got through would not run", len(browser.of("Page.javascriptDialogOpening")), 0)
    holds("and the browser says so", any("Content Security Policy" in json.dumps(event) for event in browser.of("Log.entryAdded")))


def many(browser, folder):
    names = [f"{'@scope%d/' % (at % 40) if at % 3 == 0 else ''}{'kit-' if at % 2 else 'util-'}{at}" for at in range(5_000)]
    page = compare(folder, "many", lock(names, "1.0.0"), lock(names, "1.1.0"))
    took = browser.open(page)
    quiet(browser, "5,000 changes")
    same("5,000 changes", browser.js("document.querySelectorAll('tr.change').length"), 5_000)
    keys = [browser.js(f"{SET}('text', '{'kit-49'[:at]}')") for at in range(1, 7)]
    print(f"    {page.stat().st_size / 1e6:.1f} MB, loaded in {took:.2f} s; ms a keystroke until it is drawn: {keys}")
    same("they are filtered", browser.js(SHOWN), f"Shown: {sum('kit-49' in name for name in names)} of 5,000 changes".replace("1111", "1,111"))


def quiet_pages(browser, pages):
    for page in pages:
        for width in [1280, 375]:
            browser.open(page, width)
            trouble = browser.of("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening", "Runtime.consoleAPICalled")
            loaded = [event["params"]["request"]["url"] for event in browser.of("Network.requestWillBeSent")]
            wide = browser.js("document.documentElement.scrollWidth")
            scripts = browser.js("document.querySelectorAll('script').length")
            if trouble or len(loaded) != 1 or wide > width or scripts > 1:
                failed.append(page.name)
                print(f"NOT SO: {page.name} at {width}: {trouble}, loads {loaded[1:]}, is {wide} wide, has {scripts} scripts")
    print(f"{len(pages)} pages")


def main():
    if not CHROMIUM:
        print("skipped: there is no Chromium here; CHROMIUM names one")
        return
    if sys.argv[1:2] == ["--pages"]:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            browser = Browser(pathlib.Path(temporary) / "profile")
            try:
                quiet_pages(browser, sorted(pathlib.Path(sys.argv[2]).glob("*.html")))
            finally:
                browser.close()
        if failed:
            sys.exit(f"{len(failed)} not so")
        return
    shots = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = pathlib.Path(temporary)
        page = folder / "demo.html"
        demo = ["check", str(ROOT / "fixtures/demo/proposed"), "--date", "2026-12-01", "--format", f"html={page}"]
        subprocess.run([PROGRAM, *demo], capture_output=True)
        browser = Browser(folder / "profile")
        try:
            filters(browser, page)
            graph(browser, page)
            without_script(browser, page)
            looks(browser, page, shots)
            hostile(browser, folder)
            many(browser, folder)
        finally:
            browser.close()
    if failed:
        sys.exit(f"{len(failed)} not so")


main()
