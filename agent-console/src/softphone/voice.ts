/**
 * The agent's microphone for one conversation. When it goes away, as an unplugged headset does, the conversation goes on
 * with the one that the browser takes instead, at once or when there is one again.
 */
const MICROPHONE: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: false,
};

export interface Voice {
  stream: MediaStream;
  /** Lets the microphone go. */
  end(): void;
}

/** Opens the microphone; null when there is none, or the browser may not. `onRenewed` hears of every later track. */
export async function openVoice(onRenewed: (track: MediaStreamTrack) => void): Promise<Voice | null> {
  const first = await openTrack();
  if (first === null) return null;
  const ended = new AbortController();
  let current = first;
  let opening = false;

  const renew = async (): Promise<void> => {
    if (opening || current.readyState === 'live') return;
    opening = true;
    const track = await openTrack();
    opening = false;
    if (track === null) return;
    if (ended.signal.aborted) return track.stop();
    follow(track);
    onRenewed(track);
  };
  function follow(track: MediaStreamTrack): void {
    current = track;
    track.addEventListener('ended', () => void renew(), { signal: ended.signal });
  }

  follow(first);
  navigator.mediaDevices.addEventListener('devicechange', () => void renew(), { signal: ended.signal });
  return {
    stream: new MediaStream([first]),
    end() {
      ended.abort();
      current.stop();
    },
  };
}

async function openTrack(): Promise<MediaStreamTrack | null> {
  const stream = await navigator.mediaDevices.getUserMedia(MICROPHONE).catch(() => null);
  return stream?.getAudioTracks()[0] ?? null;
}
