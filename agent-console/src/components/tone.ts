const EVERY_MS = 4_000;
const NOTES = [
  { hertz: 659, at: 0 },
  { hertz: 523, at: 0.18 },
] as const;
const LOUDNESS = 0.06;

/** Kept from tone to tone and suspended in between, for making one holds up the page for many milliseconds. */
let context: AudioContext | null = null;

/** Two soft notes every few seconds. Returns the function that ends it. Browsers stay silent until the first click. */
export function startTone(): () => void {
  let output: GainNode | null = null;
  const play = () => {
    if (!mayPlay()) return;
    context ??= new AudioContext();
    void context.resume();
    output ??= connected(new GainNode(context), context.destination);
    for (const { hertz, at } of NOTES) playNote(output, hertz, context.currentTime + at);
  };
  play();
  const timer = setInterval(play, EVERY_MS);
  return () => {
    clearInterval(timer);
    // What is left of a note would sound at the beginning of the next tone.
    output?.disconnect();
    void context?.suspend();
  };
}

/** Whether somebody has done something in the page; asked first, for an early start is reported as a fault. */
function mayPlay(): boolean {
  return navigator.userActivation?.hasBeenActive ?? true;
}

function playNote(output: GainNode, hertz: number, at: number): void {
  const oscillator = new OscillatorNode(output.context, { frequency: hertz });
  const gain = new GainNode(output.context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
  oscillator.connect(connected(gain, output));
  oscillator.start(at);
  oscillator.stop(at + 0.5);
}

function connected(node: GainNode, to: AudioNode): GainNode {
  node.connect(to);
  return node;
}
