export { createRemoteChannel, type RemoteChannelOptions } from './client.ts';
export { type ChannelServerSettings, createChannelServer, offered } from './server.ts';
