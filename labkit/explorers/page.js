// The page around an explorer: elements and their text, keys, frames, motion and theme.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export function icon(path) {
  const holder = element("span", { class: "lk-icon", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16"><path d="${path}"/></svg>`;
  return holder;
}

// Writes into the text that is there: a new text node would have its cell laid out from nothing.
export function setText(node, text) {
  const words = node.firstChild;
  if (words?.nodeType !== Node.TEXT_NODE || words.nextSibling) node.textContent = text;
  else if (words.data !== text) words.data = text;
}

// JupyterLab listens on the document: without this, arrow keys walk through the notebook's cells
// and Enter on a button opens a cell's editor.
export function keepKeys(node) {
  const ours = /^(Arrow|Home$|End$|Page|Enter$| $)/;
  node.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (ours.test(event.key) && !chord) event.stopPropagation();
  });
}

// Ask as often as you like: it draws once, in the next frame.
export function onceAFrame(draw) {
  let pending = 0;
  const ask = () => {
    pending ||= requestAnimationFrame(() => {
      pending = 0;
      draw();
    });
  };
  ask.cancel = () => cancelAnimationFrame(pending);
  return ask;
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// The page is dark where its text is light: true in every notebook front end and on a plain page.
export function isDark(node) {
  const colour = getComputedStyle(node).color;
  const scale = colour.startsWith("color") ? 255 : 1;
  const [r, g, b] = (colour.match(/[\d.]+/g) ?? [0, 0, 0]).map((part) => part * scale);
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

export function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-jp-theme-name"] });
  }
  const media = matchMedia("(prefers-color-scheme: dark)");
  media.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}
