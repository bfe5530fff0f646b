// Curves in a picture: over a grid, in dashes that tell them apart without colour, with a legend and a cursor.
import { Picture } from "./picture.js";

// Lines that can be told apart without colour (Okabe and Ito), in a light and in a dark page.
const LINES = { blue: ["#0072b2", "#56b4e9"], green: ["#007d5b", "#2fc79b"], purple: ["#a3558a", "#e09cc4"] };
const DASHES = { blue: [], green: [6, 4], purple: [2, 3] };
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹", SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

const digits = (number, glyphs) => [...String(number)].map((digit) => glyphs[digit]).join("");
export const powerOfTen = (exponent) => `10${exponent < 0 ? "⁻" : ""}${digits(Math.abs(exponent), SUPERSCRIPTS)}`;
export const subscript = (number) => digits(number, SUBSCRIPTS);

// A panel is { x, y, width, height } in CSS pixels. The view gives the fact `dark`: 1 on a dark page, else 0.
export class CurvePicture extends Picture {
  lineColour(name) {
    return LINES[name][this.dark];
  }

  // A name, and the first of some words that fits beside it; returns where they end.
  paintHeading(pen, panel, name, words, { above = 2, legend = 0 } = {}) {
    const y = panel.y - above - 9;
    pen.textAlign = "left";
    pen.textBaseline = "alphabetic";
    pen.font = this.font(13, 600);
    pen.fillStyle = this.palette.ink;
    pen.fillText(name, panel.x, y);
    const after = panel.x + pen.measureText(name).width + 8;
    pen.font = this.font(12);
    pen.fillStyle = this.palette.muted;
    const room = panel.x + panel.width + 4 - legend - after;
    const fitting = words.find((text) => pen.measureText(text).width <= room) ?? "";
    pen.fillText(fitting, after, y);
    return after + pen.measureText(fitting).width;
  }

  // lines: pairs of a height and what is written beside it.
  paintGrid(pen, panel, lines) {
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.font = this.font(11);
    pen.lineWidth = 1;
    for (const [y, text] of lines) {
      pen.strokeStyle = this.palette.line;
      pen.beginPath();
      pen.moveTo(panel.x, Math.round(y) + 0.5);
      pen.lineTo(panel.x + panel.width, Math.round(y) + 0.5);
      pen.stroke();
      pen.fillStyle = this.palette.muted;
      pen.fillText(text, panel.x - 7, y);
    }
  }

  // points: [x, y], or null where there is no number and the line has a gap.
  paintCurve(pen, points, name) {
    pen.save();
    pen.strokeStyle = pen.fillStyle = this.lineColour(name);
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.setLineDash(DASHES[name]);
    pen.beginPath();
    points.forEach((point, i) => { if (point) points[i - 1] ? pen.lineTo(...point) : pen.moveTo(...point); });
    pen.stroke();
    const lone = points.filter((point, i) => point && !points[i - 1] && !points[i + 1]);
    for (const [x, y] of lone) this.dot(pen, x, y, 2.5);
    pen.restore();
  }

  dot(pen, x, y, radius) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }

  // Short pieces of the lines with their names, to the right of a heading that ends at `after`.
  paintLegend(pen, panel, after, entries) {
    pen.font = this.font(11);
    const widths = entries.map(([, text]) => pen.measureText(text).width + 38);
    let x = Math.max(after + 14, panel.x + panel.width - widths.reduce((sum, width) => sum + width));
    const y = panel.y - 15;
    entries.forEach(([name, text], i) => {
      this.paintCurve(pen, [[x, y], [x + 22, y]], name);
      pen.textAlign = "left";
      pen.textBaseline = "middle";
      pen.fillStyle = this.palette.muted;
      pen.fillText(text, x + 27, y);
      x += widths[i];
    });
  }

  paintCursor(pen, panel, at) {
    const x = Math.round(at) + 0.5;
    pen.strokeStyle = this.palette.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(x, panel.y - 2);
    pen.lineTo(x, panel.y + panel.height + 2);
    pen.stroke();
  }

  paintDot(pen, x, y) {
    pen.fillStyle = this.palette.surface;
    this.dot(pen, x, y, 6);
    pen.fillStyle = this.palette.accent;
    this.dot(pen, x, y, 4);
  }
}
