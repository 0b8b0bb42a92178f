import { describeRoute, RESPONSE_TIMEOUT_MS } from './conformance.ts';
import { createRingRingRoute } from './ringring/index.ts';
import { createSmppRoute, type SmppRouteOptions } from './smpp/index.ts';

for (const bind of ['transceiver', 'transmitter-and-receiver'] as const satisfies SmppRouteOptions['bind'][]) {
  describeRoute(`SMPP (${bind})`, ({ smppPort }, listener) =>
    createSmppRoute(
      {
        name: 'smpp',
        host: '127.0.0.1',
        port: smppPort,
        systemId: 'civicline',
        password: 'secret',
        sender: '8850',
        bind,
        responseTimeoutMs: RESPONSE_TIMEOUT_MS,
        reconnectMinMs: 20,
        reconnectMaxMs: 100,
      },
      listener,
    ),
  );
}

describeRoute('RingRing', ({ url }, listener) =>
  createRingRingRoute(
    {
      name: 'ringring',
      url: `${url}/sms/v1`,
      apiKey: 'key',
      sender: '8850',
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
      pollMs: 50,
    },
    listener,
  ),
);
