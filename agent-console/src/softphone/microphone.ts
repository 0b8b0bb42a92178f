/** Permission for the microphone, asked before the first call rather than during it. */

export type MicrophoneAccess = 'unknown' | 'asked' | 'granted' | 'refused' | 'missing';

export interface Microphone {
  /** Asks the browser, which asks the agent if it does not know yet. */
  ask(): Promise<'granted' | 'refused' | 'missing'>;
  /** Calls the listener when the agent changes the permission in the browser. Returns the end of it. */
  onPermissionChange(listener: () => void): () => void;
}

export function browserMicrophone(): Microphone {
  return {
    async ask() {
      // Absent on pages without a secure context.
      if (navigator.mediaDevices === undefined) return 'missing';
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        for (const track of stream.getTracks()) track.stop();
        return 'granted';
      } catch (error) {
        return error instanceof DOMException && error.name === 'NotAllowedError' ? 'refused' : 'missing';
      }
    },
    onPermissionChange(listener) {
      const watched = new AbortController();
      // Firefox before 2025 does not know the name `microphone`; the button to try again remains.
      navigator.permissions
        ?.query({ name: 'microphone' as PermissionName })
        .then((status) => status.addEventListener('change', listener, { signal: watched.signal }))
        .catch(() => undefined);
      navigator.mediaDevices?.addEventListener('devicechange', listener, { signal: watched.signal });
      return () => watched.abort();
    },
  };
}
