// The picture of a convolution: the window and the cells that it reads.
import { readers } from "./convolution_steps.js";
import { WindowPicture } from "./window_picture.js";

export class ConvolutionPicture extends WindowPicture {
  paint(now, { tap, playing }) {
    this.paintWindow(now, { playing, over: (pen) => this.paintTaps(pen, now.taps, tap) });
  }

  // With dilation the window has holes: frame the cells that are read. And the cell pointed at.
  paintTaps(pen, taps, touched) {
    if (this.state.dilation > 1) for (const tap of taps) this.frame(pen, this.inputBox(tap), 1.5);
    const tap = taps[touched];
    if (!tap) return;
    for (const position of readers(this.state, tap.y, tap.x)) this.frame(pen, this.outputBox(position), 1.25);
    this.frame(pen, this.inputBox(tap), 2);
  }
}
