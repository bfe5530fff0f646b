// Brings the explorers of an exported page to life, without a kernel and without a network: it gives
// each ES module the model that anywidget would give it, filled with the state saved in the page.

class Model {
  #state;
  #listeners = new Map();

  constructor({ state, buffers }) {
    for (const { path, data } of buffers) {
      const holder = path.slice(0, -1).reduce((node, key) => node[key], state);
      holder[path.at(-1)] = bytes(data);
    }
    this.#state = state;
  }

  get(name) {
    return this.#state[name];
  }

  set(name, value) {
    const changes = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(changes).filter((key) => !same(this.#state[key], changes[key]));
    for (const key of changed) this.#state[key] = changes[key];
    for (const key of changed) this.#emit(`change:${key}`, changes[key]);
    if (changed.length > 0) this.#emit("change");
  }

  on(events, listener) {
    for (const event of events.split(" ")) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    }
  }

  off(events, listener) {
    for (const event of events?.split(" ") ?? [...this.#listeners.keys()]) {
      const kept = (this.#listeners.get(event) ?? []).filter((known) => listener && known !== listener);
      this.#listeners.set(event, kept);
    }
  }

  #emit(event, value) {
    for (const listener of this.#listeners.get(event) ?? []) listener(this, value);
  }

  // There is no kernel to save to and nobody to send to.
  save_changes() {}
  send() {}
}

const bytes = (base64) =>
  new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);

// Lists and dictionaries travel as copies, so they are compared by what they hold; arrays of bytes
// are compared by identity, because they may be large.
function same(a, b) {
  if (Object.is(a, b)) return true;
  const plain = (value) => value !== null && typeof value === "object" && !ArrayBuffer.isView(value);
  return plain(a) && plain(b) && JSON.stringify(a) === JSON.stringify(b);
}

function link(models, { source, target, bothWays }) {
  const [from, to] = [models.get(source[0]), models.get(target[0])];
  if (!from || !to) return;
  const follow = (leader, trait, follower, itsTrait) =>
    leader.on(`change:${trait}`, () => follower.set(itsTrait, leader.get(trait)));
  to.set(target[1], from.get(source[1])); // as a link does when a notebook opens it
  follow(from, source[1], to, target[1]);
  if (bothWays) follow(to, target[1], from, source[1]);
}

const modules = new Map();

function load(key, text) {
  if (!modules.has(key)) {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    modules.set(key, import(url).finally(() => URL.revokeObjectURL(url)));
  }
  return modules.get(key);
}

function addStyle(key, text) {
  if (!key || document.getElementById(`style-${key}`)) return;
  const style = document.createElement("style");
  style.id = `style-${key}`;
  style.textContent = text;
  document.head.append(style);
}

async function revive(place, saved, model, texts) {
  const signal = new AbortController().signal;
  const exported = (await load(saved.module, texts[saved.module])).default;
  const widget = typeof exported === "function" ? await exported() : exported;
  addStyle(saved.style, texts[saved.style]);
  await widget.initialize?.({ model, signal, experimental: {} });
  const el = document.createElement("div");
  // In the document before it renders: an explorer measures the width it has.
  el.className = "explorer-live";
  place.prepend(el);
  try {
    await widget.render?.({ model, el, signal, experimental: {} });
  } catch (error) {
    el.remove();
    throw error;
  }
  place.replaceChildren(el);
  place.dataset.ready = "true";
}

const { models: saved, texts, links } = JSON.parse(document.getElementById("live").textContent);
const models = new Map(Object.entries(saved).map(([id, model]) => [id, new Model(model)]));
for (const each of links) link(models, each);
for (const place of document.querySelectorAll(".explorer")) {
  const id = place.dataset.model;
  revive(place, saved[id], models.get(id), texts).catch((error) => {
    console.error(error);
    place.dataset.failed = "true"; // the poster stays
  });
}
