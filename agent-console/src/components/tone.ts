const EVERY_MS = 4_000;
const NOTES = [
  { hertz: 659, at: 0 },
  { hertz: 523, at: 0.18 },
] as const;
const LOUDNESS = 0.06;

/** Two soft notes every few seconds. Returns the function that ends it. Browsers stay silent until the first click. */
export function startTone(): () => void {
  let context: AudioContext | null = null;
  const play = () => {
    if (!mayPlay()) return;
    context ??= new AudioContext();
    for (const { hertz, at } of NOTES) playNote(context, hertz, context.currentTime + at);
  };
  play();
  const timer = setInterval(play, EVERY_MS);
  return () => {
    clearInterval(timer);
    void context?.close();
  };
}

/** Whether somebody has done something in the page; asked first, for an early start is reported as a fault. */
function mayPlay(): boolean {
  return navigator.userActivation?.hasBeenActive ?? true;
}

function playNote(context: AudioContext, hertz: number, at: number): void {
  const oscillator = new OscillatorNode(context, { frequency: hertz });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUDNESS, at + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.5);
}
