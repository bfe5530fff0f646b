// The controls that explorers share. Each has a `node` to place, and show(…) to bring it up to date.
//
//   Transport   step back, play, step forward; the slider of the position; where it stands; Predict
//   Prediction  a place for a guess, Check and Reveal
//   Stepper     a whole number with smaller and larger:  stride − 2 +
//   Range       a number on a slider, with its value in words:  temperature ——o—— 0.5
//   Choice      one of a few, side by side:  max | average
//   Toggle      a button that is on or off
//   Twin        the data table, the Python code, and "Copy as Python"
import { clamp } from "./numbers.js";
import { element, icon, setText } from "./page.js";

const PLAY = "M4.5 2.5v11l9-5.5z", PAUSE = "M4 2.5h3v11H4zM9 2.5h3v11H9z";
const BACK = "M12 2.5v11L5.5 8zM3 2.5h2v11H3z", FORWARD = "M4 2.5v11L10.5 8zM11 2.5h2v11h-2z";

export function button(text, act, attributes = {}) {
  return element("button", { type: "button", ...attributes, class: `lk-button ${attributes.class ?? ""}`.trim(), onclick: act }, text);
}

const round = (label, path, act) => button(icon(path), act, { class: "lk-round", "aria-label": label, title: label });

export class Transport {
  // go(position) and nudge(by) move, play() starts or pauses, predict() hides or shows the answers.
  constructor({ label, hint, go, nudge, key, play, predict }) {
    this.play = round("Play", PLAY, play);
    this.slider = element("input", { type: "range", class: "lk-slider", min: 0, step: 1, "aria-label": label, title: hint });
    this.slider.addEventListener("input", () => go(Number(this.slider.value)));
    this.slider.addEventListener("keydown", key);
    this.readout = element("span", { class: "lk-readout", "aria-hidden": "true" }, element("span"), element("span"));
    this.predict = new Toggle("Predict", "Hide the answer and work it out first", predict);
    this.node = element("div", { class: "lk-transport" },
      element("div", { class: "lk-buttons" }, round("Step back", BACK, () => nudge(-1)), this.play, round("Step forward", FORWARD, () => nudge(1))),
      this.slider, this.readout, this.predict.node);
  }

  // spoken: what the slider says of its position; words: the two halves of the readout.
  show({ position, last, spoken, words }) {
    this.slider.max = last;
    if (Number(this.slider.value) !== position) this.slider.value = position;
    if (spoken !== null) this.slider.setAttribute("aria-valuetext", spoken);
    setText(this.readout.firstChild, words[0]);
    setText(this.readout.lastChild, words[1]);
  }

  showPlaying(playing) {
    const label = playing ? "Pause" : "Play";
    this.play.setAttribute("aria-label", label);
    this.play.title = label;
    this.play.querySelector("path").setAttribute("d", playing ? PAUSE : PLAY);
  }
}

export class Prediction {
  constructor({ judge, reveal }) {
    this.guess = element("input", { class: "lk-guess", type: "text", inputmode: "decimal", placeholder: "?", autocomplete: "off" });
    this.guess.addEventListener("keydown", (event) => { if (event.key === "Enter") judge(); });
    this.node = element("div", { class: "lk-prediction" }, this.guess, element("div", { class: "lk-row" },
      button("Check", () => judge(), { class: "lk-small" }), button("Reveal", () => reveal(), { class: "lk-small" })));
  }

  name(quantity) {
    this.guess.setAttribute("aria-label", `Your prediction of the ${quantity}`);
  }
}

export class Stepper {
  // empty: what a cleared field stands for.
  constructor(name, { least, most, change, label = name, empty = least }) {
    Object.assign(this, { least, most });
    this.input = element("input", { type: "number", min: least, max: most, step: 1, "aria-label": name });
    // Shown at once, so that pressed again before the next frame it goes on from there.
    const set = (value) => {
      this.show(clamp(Math.round(value) || empty, least, this.most));
      change(this.value);
    };
    this.input.addEventListener("change", () => set(this.input.valueAsNumber));
    this.less = button("−", () => set(this.value - 1), { "aria-label": `smaller ${name}` });
    this.more = button("+", () => set(this.value + 1), { "aria-label": `larger ${name}` });
    this.node = element("div", { class: "lk-stepper" }, element("span", { "aria-hidden": "true" }, label), this.less, this.input, this.more);
  }

  show(value, most = this.most) {
    Object.assign(this, { value, most });
    this.input.value = value;
    this.input.max = most;
    this.less.disabled = value <= this.least;
    this.more.disabled = value >= most;
  }
}

export class Range {
  // say(value) gives the value in words; for a scale of powers, let value be the exponent.
  constructor(name, { least, most, step, change, say = String, label = name }) {
    this.say = say;
    this.input = element("input", { type: "range", class: "lk-slider", min: least, max: most, step, "aria-label": name });
    this.input.addEventListener("input", () => change(this.input.valueAsNumber));
    this.value = element("output", { class: "lk-value", "aria-hidden": "true" });
    this.node = element("div", { class: "lk-range" }, element("span", { "aria-hidden": "true" }, label), this.input, this.value);
  }

  show(value) {
    if (this.input.valueAsNumber !== value) this.input.value = value;
    this.input.setAttribute("aria-valuetext", this.say(value));
    setText(this.value, this.say(value));
  }
}

export class Choice {
  // options: pairs of a value and its name on the button.
  constructor(name, options, change) {
    this.buttons = new Map(options.map(([value, text]) => [value, button(text, () => change(value), { "aria-pressed": "false" })]));
    this.node = element("div", { class: "lk-choice", role: "group", "aria-label": name }, ...this.buttons.values());
  }

  show(chosen) {
    for (const [value, node] of this.buttons) node.setAttribute("aria-pressed", value === chosen);
  }
}

export class Toggle {
  constructor(text, title, act) {
    this.node = button(text, act, { class: "lk-toggle", "aria-pressed": "false", title });
  }

  show(on) {
    this.node.setAttribute("aria-pressed", on);
  }
}

export class Twin {
  // opened() is called when a part is opened or closed; code() gives the text to copy.
  constructor({ opened, code, say }) {
    Object.assign(this, { code, say });
    this.panel = element("div", { class: "lk-panel", tabindex: "0", role: "region", "aria-label": "Data table" });
    this.text = element("pre", { class: "lk-code", tabindex: "0", "aria-label": "Python code" });
    this.data = element("details", { ontoggle: opened }, element("summary", {}, "Data table"), this.panel);
    this.python = element("details", { ontoggle: opened }, element("summary", {}, "Python"), this.text);
    this.node = element("div", { class: "lk-twin" }, this.data, this.python, button("Copy as Python", () => this.copy(), { class: "lk-small lk-copy" }));
  }

  // tables() is asked only while the data table is open.
  show(tables) {
    if (this.python.open) this.write();
    if (this.data.open) this.panel.replaceChildren(...tables());
  }

  write() {
    setText(this.text, this.code());
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.code());
      this.say("Copied. Paste it into a cell.");
    } catch {
      // Written now: the browser tells of the opening only later, and nobody is sent to an empty box.
      this.write();
      this.python.open = true;
      this.say("This page may not use the clipboard: the code is shown below, select and copy it.");
    }
  }
}
