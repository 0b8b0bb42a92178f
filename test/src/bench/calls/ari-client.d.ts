/** The few things of `ari-client` 2.2.0 that the minimal application uses; the package has no types. */
declare module 'ari-client' {
  interface Channel {
    id: string;
    answer(): Promise<void>;
    startMoh(): Promise<void>;
    hangup(parameters: { reason_code: string }): Promise<void>;
    on(event: 'ChannelDtmfReceived', listener: (event: { digit: string }) => void): void;
    removeAllListeners(event: 'ChannelDtmfReceived'): void;
  }
  interface Client {
    on(event: 'StasisStart', listener: (event: { args: string[] }, channel: Channel) => void): void;
    start(application: string): Promise<void>;
  }
  export function connect(url: string, user: string, password: string): Promise<Client>;
}
