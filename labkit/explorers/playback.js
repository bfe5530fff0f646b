// Step by step without being asked again: until the end, until somebody acts, never by itself.
import { clamp } from "./numbers.js";
import { reducedMotion } from "./page.js";

export class Playback {
  // advance() moves one step and says whether there is another; changed() hears of play and pause.
  constructor(advance, changed) {
    Object.assign(this, { advance, changed, timer: 0 });
  }

  get playing() {
    return this.timer !== 0;
  }

  start(steps) {
    const pace = Math.max(reducedMotion() ? 1000 : 0, clamp(30000 / steps, 60, 420));
    const next = () => {
      if (!this.advance()) return this.pause();
      this.timer = setTimeout(next, pace);
      return undefined;
    };
    this.timer = setTimeout(next, pace);
    this.changed();
  }

  pause() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = 0;
    this.changed();
  }
}
