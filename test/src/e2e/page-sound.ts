/** Sound on the browser's side of a call: what its microphone picks up, and what the page receives. */
import type { BrowserContext } from 'playwright-core';

const RATE = 48_000;
/** Short bursts, for a steady tone is taken for noise and suppressed. */
const BURST_S = 0.6;
const PAUSE_S = 0.4;

/** One second of a WAV file (16 bit, mono) that Chromium's fake microphone repeats. */
export function microphoneTone(hertz: number): Buffer {
  const samples = new Int16Array(RATE * (BURST_S + PAUSE_S));
  for (let index = 0; index < RATE * BURST_S; index++) {
    samples[index] = Math.sin((2 * Math.PI * hertz * index) / RATE) * 12_000;
  }
  const data = Buffer.from(samples.buffer);
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/**
 * Gives every page `loudestHertz()`: the strongest tone that it receives now, null when it receives none. And
 * `unplugMicrophone()`: what it sends by ends, as when the headset is pulled out.
 */
export async function earInPage(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const Original = window.RTCPeerConnection;
    let analyser: AnalyserNode | null = null;
    let connection: RTCPeerConnection | null = null;
    window.RTCPeerConnection = class extends Original {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        connection = this;
        this.addEventListener('track', ({ track }) => {
          const audio = new AudioContext();
          analyser = new AnalyserNode(audio, { fftSize: 8192 });
          audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
        });
      }
    };
    Object.assign(globalThis, {
      unplugMicrophone(): void {
        for (const sender of connection?.getSenders() ?? []) {
          sender.track?.stop();
          // A track that its page stops does not tell; one whose device is gone does.
          sender.track?.dispatchEvent(new Event('ended'));
        }
      },
      loudestHertz(): number | null {
        if (analyser === null) return null;
        const levels = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(levels);
        const loudest = levels.indexOf(Math.max(...levels));
        return (levels[loudest] ?? -Infinity) > -60 ? (loudest * analyser.context.sampleRate) / analyser.fftSize : null;
      },
    });
  });
}
