/** The side-car: a local HTTP server beside a government application that cannot use the library. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { SideCarConfig } from './config.ts';
import type { Log } from './log.ts';
import { plainApi } from './plain.ts';
import { ringRing } from './ringring/index.ts';
import { servicesOf } from './services.ts';
import { startSideCar } from './side-car.ts';

export { ConfigError, checkConfig, configFromEnvironment, readConfig, type SideCarConfig } from './config.ts';
export { createLog, type Log } from './log.ts';

export interface RunningSideCar {
  /** Where it listens, such as `http://127.0.0.1:8025`. */
  url: string;
  /** Lets requests and submissions under way finish. What is stored goes on at the next start. */
  stop(): Promise<void>;
}

/** Opens the database, begins to work and listens. */
export async function runSideCar(options: {
  config: SideCarConfig;
  log: Log;
  now?: () => number;
}): Promise<RunningSideCar> {
  const { config, log } = options;
  const sideCar = startSideCar(options);
  const services = servicesOf(sideCar.services);
  const http = express();
  http.disable('x-powered-by');
  http.disable('etag');
  http.set('query parser', 'simple');
  http.use((_request, response, next) => {
    response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    next();
  });
  http.use(ringRing(sideCar, services, log), plainApi(sideCar, services, log));
  try {
    const server = await listen(createServer(http), config.listen);
    const { address, family, port } = server.address() as AddressInfo;
    return {
      url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
      async stop() {
        await close(server);
        await sideCar.stop();
      },
    };
  } catch (error) {
    await sideCar.stop();
    throw error;
  }
}

const GRACE_MS = 10_000;

function listen(server: Server, where: string): Promise<Server> {
  const split = where.lastIndexOf(':');
  const host = where.slice(0, split).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(where.slice(split + 1)), host, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const forced = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(forced);
      resolve();
    });
    server.closeIdleConnections();
  });
}
