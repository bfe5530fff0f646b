"""An explorer on a bare page, over the same contract as a notebook and the exported page give."""

import base64

import pytest

from ..browser.frames import painted

HOST = """
async ({ esm, css, state, buffers, dark }) => {
    document.body.innerHTML = "";
    const [paper, ink] = dark ? ["#111", "#eee"] : ["#fff", "#222"];
    document.body.style.cssText = `background: ${paper}; color: ${ink}`;
    document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
    for (const [name, text] of Object.entries(buffers)) {
        state[name] = new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
    }
    const listeners = {};
    window.model = {
        saved: 0,
        get: (name) => state[name],
        set(name, value) {
            if (state[name] === value) return;
            state[name] = value;
            for (const listener of [...(listeners[`change:${name}`] ?? [])]) listener();
        },
        on(event, listener) { (listeners[event] ??= []).push(listener); },
        off(event, old) { listeners[event] = listeners[event].filter((one) => one !== old); },
        save_changes() { this.saved += 1; },
        listening: () => Object.values(listeners).flat().length,
    };
    window.leaked = [];
    document.addEventListener("keydown", (event) => window.leaked.push(event.key));
    const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
    window.explorer = await import(url);
    window.show = () => {
        const el = document.createElement("div");
        document.body.append(el);
        return window.explorer.default.render({ model: window.model, el });
    };
    window.cleanUp = window.show();
}
"""


@pytest.fixture
def open_page(browser):
    """Show an explorer on a page: ``open_page(explorer, width=1000, dark=False)``."""
    contexts = []

    def show(explorer, *, width=1000, dark=False, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        saved = explorer.get_state()
        state = {name: saved[name] for name in explorer.keys if not name.startswith("_")}
        del state["layout"]
        arrays = {name: value for name, value in state.items() if isinstance(value, bytes)}
        page.evaluate(
            HOST,
            {
                "esm": explorer._esm,
                "css": explorer._css,
                "state": {name: value for name, value in state.items() if name not in arrays},
                "buffers": {
                    name: base64.b64encode(value).decode() for name, value in arrays.items()
                },
                "dark": dark,
            },
        )
        painted(page)
        return page

    yield show
    for context in contexts:
        problems = [problem for page in context.pages for problem in page.problems]
        context.close()
        assert problems == []
